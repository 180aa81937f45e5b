// expect: clean
// bytes: right everywhere
// The portal of B64, which marks every plane.
import { DmaBuf, DmaHeap, type Kernel, type OwnedFd } from 'dmabuf'

/** Of NV12: brightness, and half as much for the colours. */
const PLANES = [64 * 64, 64 * 32]

/** A plane in the message. */
interface Plane {
  readonly type: 'invalid' | 'dma-buf'
  readonly fd: OwnedFd
}

/** The portal: whoever gets the message owns the descriptors. */
async function produce(kernel: Kernel): Promise<Plane[]> {
  using heap = DmaHeap.open(kernel)
  const planes: Plane[] = []
  for (const [i, size] of PLANES.entries()) {
    const buffer = await heap.allocate(size)
    await buffer.withCpuAccess('write', (bytes) => bytes.fill(0x40 * (i + 1)))
    planes.push({ type: 'dma-buf', fd: buffer.release() })
  }
  return planes
}

/** The other side: takes over what it is told is a dma-buf. */
async function consume(kernel: Kernel, planes: readonly Plane[]): Promise<Uint8Array[]> {
  const pictures: Uint8Array[] = []
  for (const { type, fd } of planes) {
    if (type !== 'dma-buf') continue
    using buffer = DmaBuf.adopt(kernel, fd)
    pictures.push(await buffer.withCpuAccess('read', (bytes) => bytes.slice()))
  }
  return pictures
}

export default async function share(kernel: Kernel): Promise<Uint8Array[]> {
  return await consume(kernel, await produce(kernel))
}
