// expect: fd-leak
// bytes: right everywhere
// A new dma-buf came with each frame, and nobody let go of it when the frame had been shown: some minutes
// later there were 1668 of them, 3.4 GB (gamescope, issue 1397; Hyprland, issue 6584). The compositor's
// own descriptor and what it imported do go; the one that it was given is forgotten.
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
  using buffer = DmaBuf.borrow(kernel, fd)
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
