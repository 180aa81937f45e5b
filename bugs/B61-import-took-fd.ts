// expect: fd-misuse
// bytes: right everywhere
// To import a dma-buf does not take its descriptor, says the EGL extension, so the program closes it. The
// driver below had closed it already, as some did; where the program relied on those, the others leaked
// (openpilot, PR 25564; gstreamer-media-SDK, issue 179; NVIDIA, egl-wayland2 PR 42). The second close
// finds nothing, until the number stands for something else.
import { DmaBuf, DmaHeap, type ImportedBuffer, type Kernel, VgemDevice } from 'dmabuf'

const SIZE = 64 * 64 * 4

/** The driver: an image of what is behind the descriptor. */
async function createImage(kernel: Kernel, vgem: VgemDevice, fd: number): Promise<ImportedBuffer> {
  using buffer = DmaBuf.adopt(kernel, fd)
  return await vgem.importBuffer(buffer)
}

export default async function program(kernel: Kernel): Promise<Uint8Array> {
  await using vgem = await VgemDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  using buffer = await heap.allocate(SIZE)
  await buffer.withCpuAccess('write', (bytes) => bytes.fill(0x40))
  const fd = buffer.dup().release()
  await using _image = await createImage(kernel, vgem, fd)
  kernel.sys.close(fd)
  return await buffer.withCpuAccess('read', (bytes) => bytes.slice())
}
