// expect: clean
// bytes: right everywhere
// The driver of B61, with a descriptor of its own for as long as it needs one.
import { DmaBuf, DmaHeap, type ImportedBuffer, type Kernel, VgemDevice } from 'dmabuf'

const SIZE = 64 * 64 * 4

/** The driver: an image of what is behind the descriptor. */
async function createImage(kernel: Kernel, vgem: VgemDevice, fd: number): Promise<ImportedBuffer> {
  using buffer = DmaBuf.borrow(kernel, fd)
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
