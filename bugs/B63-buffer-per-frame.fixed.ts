// expect: clean
// bytes: right everywhere
// The compositor of B63, which owns the descriptor that it is given.
import { DmaBuf, DmaHeap, type Kernel, type OwnedFd, VgemDevice } from 'dmabuf'

const SIZE = 64 * 64 * 4

/** A frame in a buffer of its own; who gets the descriptor must close it. */
async function render(kernel: Kernel, shade: number): Promise<OwnedFd> {
  using heap = DmaHeap.open(kernel)
  const buffer = await heap.allocate(SIZE)
  await buffer.withCpuAccess('write', (bytes) => bytes.fill(shade))
  return buffer.release()
}

/** The compositor: takes the frame over. */
async function present(kernel: Kernel, vgem: VgemDevice, fd: OwnedFd): Promise<Uint8Array> {
  using buffer = DmaBuf.adopt(kernel, fd)
  await using _imported = await vgem.importBuffer(buffer)
  return await buffer.withCpuAccess('read', (bytes) => bytes.slice())
}

export default async function game(kernel: Kernel): Promise<Uint8Array[]> {
  await using vgem = await VgemDevice.open(kernel)
  const frames: Uint8Array[] = []
  for (let shade = 0; shade < 10; shade++) {
    frames.push(await present(kernel, vgem, await render(kernel, shade)))
  }
  return frames
}
