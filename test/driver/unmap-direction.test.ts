/** An importer that unmaps in another direction than it mapped, and exporters that pass it on. */
import { DmaHeap, type Kernel } from 'dmabuf'
import type { DmaBufOps, DmaDirection, Driver, DriverContext } from 'dmabuf/driver'
import { armSoc, type Board, boards } from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'
import { COPY, type Copy, close, copier, fdsOf, open, transfer } from './copier.ts'
import { request, tell } from './harness.ts'
import { pageExporter } from './page-exporter.ts'

const SIZE = 8192

/** Copies, and unmaps the target in `direction`. */
const copyAndUnmap =
  (direction: DmaDirection): Copy =>
  async (context, call) => {
    const [from, to] = fdsOf(context, call)
    const source = await open(context, call, from, 'to-device')
    const target = await open(context, call, to, 'from-device')
    await transfer(context, source, target)
    await close(context, source)
    await close(context, { ...target, direction })
    return 0
  }

const program = (heapName: string) => async (kernel: Kernel) => {
  using heap = DmaHeap.open(kernel, heapName)
  using from = await heap.allocate(SIZE)
  using to = await heap.allocate(SIZE)
  await from.withCpuAccess('write', (bytes) => bytes.fill(1))
  await request(kernel, '/dev/copier', COPY, from.fd, to.fd)
  let first: number | undefined
  await to.withCpuAccess('read', ([byte]) => {
    first = byte
  })
  return first
}

/** An exporter that ends each mapping with the direction that it was made with. */
const ownDirection = (_context: DriverContext, ops: DmaBufOps): Partial<DmaBufOps> => ({
  unmapDmaBuf: (attachment, mapping) => ops.unmapDmaBuf(attachment, mapping, mapping.direction),
})

const exporters: readonly [string, string, readonly Driver[]][] = [
  ['the system heap', 'system', []],
  ['an exporter that passes the direction on', 'pages', [pageExporter()]],
  ['an exporter that uses its own direction', 'pages', [pageExporter({ broken: ownDirection })]],
]

describe.each(exporters)('an importer of %s', (_what, heap, drivers) => {
  for (const board of boards.values()) {
    it(`is named for unmapping to-device what it mapped from-device on ${board.name}`, async () => {
      const { findings } = await tell(
        program(heap),
        [...drivers, copier(copyAndUnmap('to-device'))],
        { board },
      )
      expect(findings.map(({ rule }) => rule)).toEqual(['mapping-direction'])
      expect(findings[0]?.where).toMatch(/copier\.ts/)
      expect(findings[0]?.fix).toMatch(/direction of/)
    })

    it(`is clean when both directions are equal on ${board.name}`, async () => {
      const { findings, value } = await tell(
        program(heap),
        [...drivers, copier(copyAndUnmap('from-device'))],
        { board },
      )
      expect(findings).toEqual([])
      expect(value).toBe(1)
    })
  }
})

const bouncing = boards.get('pc-bounce') as Board

describe('the system heap', () => {
  it.each([
    [bouncing, 'leaves the bytes in the bounce copy'],
    [armSoc, 'leaves stale lines'],
  ])('passes the direction on to dma_unmap_sgtable: $0.name $1', async (board) => {
    const drivers = [copier(copyAndUnmap('to-device'))]
    const { value } = await tell(program('system'), drivers, { board, policy: 'lazy' })
    expect(value).toBe(0)
  })
})
