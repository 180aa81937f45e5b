/** Whose line a driver's own loads and stores carry: the driver's, not that of the program's call. */
import { DmaHeap, type Kernel } from 'dmabuf'
import type { DmaBuf, Driver, DriverContext, IoctlCall } from 'dmabuf/driver'
import { type DmabufEvent, runProgram } from 'dmabuf/sim'
import { expect, it } from 'vitest'
import { formatOrigin } from '../../src/tap/format-origin.ts'
import { COPY, fdsOf } from './copier.ts'
import { request } from './harness.ts'
import { pageExporter } from './page-exporter.ts'

interface Memory {
  load(offset: number, target: Uint8Array): unknown
  store(offset: number, source: Uint8Array): void
  fill(value: number): void
}

const STEPS: readonly ((memory: Memory) => void)[] = [
  (memory) => memory.store(0, new Uint8Array(4)),
  (memory) => memory.fill(1),
  (memory) => memory.load(0, new Uint8Array(4)),
]

let using = false

/** May sleep. Memory of every kind, and one that is asked for twice. */
async function useAll(context: DriverContext, buffer: DmaBuf): Promise<void> {
  const use = (memory: Memory): void => {
    using = true
    for (const step of STEPS) step(memory)
    using = false
  }
  const pages = context.allocPages(4096)
  const small = context.kmalloc(64)
  const shared = context.dma.allocCoherent('reader', 4096)
  const mapping = await context.dmaBufVmapUnlocked(buffer)
  const again = await context.dmaBufVmapUnlocked(buffer)
  for (const memory of [pages, small, context.pieceOf(small, 0, 32), shared.memory, again]) {
    use(memory)
  }
  await context.dmaBufVunmapUnlocked(buffer, again)
  await context.dmaBufVunmapUnlocked(buffer, mapping)
  context.dma.freeCoherent(shared)
  context.kfree(small)
  context.freePages(pages)
}

const reader: Driver = {
  name: 'reader',
  probe(context) {
    context.registerDevice('reader')
    const ioctl = async (call: IoctlCall): Promise<number> => {
      const buffer = context.dmaBufGet(fdsOf(context, call)[0], call)
      await useAll(context, buffer)
      context.dmaBufPut(buffer)
      return 0
    }
    context.miscRegister({ name: 'reader', open: () => ({ ioctl }) })
  },
}

const program = async (kernel: Kernel): Promise<void> => {
  using heap = DmaHeap.open(kernel, 'pages')
  using buffer = await heap.allocate(4096)
  expect(await request(kernel, '/dev/reader', COPY, buffer.fd, 0)).toBe(0)
}

it('the line of the load or the store itself', async () => {
  const lines: string[] = []
  const onEvent = (event: DmabufEvent): void => {
    const isAccess = event.kind === 'cpu-load' || event.kind === 'cpu-store'
    if (!isAccess || !using) return
    const { file, line } = formatOrigin(event.origin) ?? { file: 'nowhere', line: 0 }
    lines.push(`${file.split('/').at(-1)}:${line}`)
  }
  const { error } = await runProgram(program, { drivers: [pageExporter(), reader], onEvent })
  expect(error).toBeUndefined()
  const three = lines.slice(0, 3)
  expect(new Set(three).size).toBe(3)
  for (const line of three) expect(line).toMatch(/^lines\.test\.ts:/)
  expect(lines).toEqual(Array.from({ length: 5 }, () => three).flat())
})
