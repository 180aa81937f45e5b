// expect: out-of-range
// bytes: none, it throws everywhere
// A privileged helper believes what its client declares: stride * height + offset is more than the
// descriptor stands for, and the helper dies of SIGBUS when it reads beyond the end; the fix asks
// the descriptor for its size and refuses (fxd0h/libdrmtap, PR 33). With dma-bufs of today's
// kernels it is mmap that fails, and the helper dies of that.
import { type DmaBuf, DmaHeap, type Kernel } from 'dmabuf'

interface Declared {
  readonly height: number
  readonly stride: number
  readonly offset: number
}

async function grab(buffer: DmaBuf, declared: Declared): Promise<Uint8Array | undefined> {
  const length = declared.stride * declared.height + declared.offset
  using map = buffer.map({ access: 'read', length })
  await buffer.startCpuAccess('read')
  const picture = map.read(declared.offset, length)
  await buffer.endCpuAccess('read')
  return picture
}

export default async function helper(kernel: Kernel): Promise<Uint8Array | undefined> {
  using heap = DmaHeap.open(kernel)
  using buffer = await heap.allocate(64 * 32 * 4)
  return await grab(buffer, { height: 33, stride: 4 * 64, offset: 0 })
}
