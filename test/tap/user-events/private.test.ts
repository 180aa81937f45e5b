import { DmaHeap, type Kernel, Memfd } from 'dmabuf'
import { armSoc, patternSource } from 'dmabuf/sim'
import { expect, it } from 'vitest'
import * as uapi from '../../uapi.ts'
import { alike } from './alike.ts'
import { watch } from './watched.ts'

const PAGE = 4096
const RW = uapi.PROT_READ | uapi.PROT_WRITE

async function program(kernel: Kernel): Promise<void> {
  const { sys } = kernel
  using heap = DmaHeap.open(kernel)
  using buffer = await heap.allocate(PAGE)
  using memory = Memfd.create(kernel, 'frames', 4 * PAGE)
  const bytes = new Uint8Array(16)
  for (const [fd, length] of [
    [buffer.fd, PAGE],
    [memory.fd, 4 * PAGE],
  ] as const) {
    const own = sys.mmap(length, RW, uapi.MAP_PRIVATE, fd, 0)
    sys.load(own, bytes)
    sys.store(own + PAGE - 8, bytes.subarray(0, length === PAGE ? 8 : 16))
    sys.load(own + 100, bytes)
    sys.load(own + length - 8, bytes.subarray(8))
    sys.munmap(own, length)
  }
  const tail = sys.mmap(2 * PAGE, RW, uapi.MAP_PRIVATE, memory.fd, PAGE)
  sys.store(tail + PAGE, bytes)
  memory.resize(2 * PAGE)
  memory.resize(4 * PAGE)
  sys.load(tail + PAGE, bytes)
  sys.munmap(tail, 2 * PAGE)
  const reads = sys.mmap(PAGE, uapi.PROT_READ, uapi.MAP_PRIVATE, memory.fd, 0)
  sys.load(reads, bytes)
  sys.munmap(reads, PAGE)
}

it('accesses through private mappings are told by the calls as by the kernel', async () => {
  const subject = { name: 'private', program, prepare: undefined, drivers: undefined }
  const watched = await watch({ ...subject, board: armSoc, source: patternSource(64, 32) })
  const { fromCalls, fromKernel } = alike(watched.kernel, watched.user)
  expect(fromCalls).toEqual(fromKernel)
  const kinds = fromCalls.map(({ kind }) => kind).filter((kind) => kind.startsWith('private'))
  expect(new Set(kinds)).toEqual(new Set(['private-load', 'private-store']))
  expect(kinds.length).toBeGreaterThan(5)
})
