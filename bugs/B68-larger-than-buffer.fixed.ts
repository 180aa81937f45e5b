// expect: clean
// bytes: right everywhere
// The helper of B68 asks the descriptor, and refuses what does not fit.
import { type DmaBuf, DmaHeap, type Kernel } from 'dmabuf'

interface Declared {
  readonly height: number
  readonly stride: number
  readonly offset: number
}

async function grab(buffer: DmaBuf, declared: Declared): Promise<Uint8Array | undefined> {
  const length = declared.stride * declared.height + declared.offset
  if (length > buffer.size) return undefined
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
