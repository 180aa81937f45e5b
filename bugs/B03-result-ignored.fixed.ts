// expect: clean
// bytes: right everywhere
// The grabber of B03: when START fails, no byte is read, the mapping goes, no END is sent, and the
// caller, who is told, tries again.
import { type DmaBuf, DmaHeap, type Kernel, VideoDevice } from 'dmabuf'
import type { SimKernel } from 'dmabuf/sim'

export function prepare(kernel: SimKernel): void {
  kernel.fail('DMA_BUF_IOCTL_SYNC', 1, 'EIO')
}

async function grab(buffer: DmaBuf): Promise<Uint8Array> {
  using map = buffer.map({ access: 'read' })
  await buffer.startCpuAccess('read')
  const picture = map.read()
  await buffer.endCpuAccess('read')
  return picture
}

export default async function record(kernel: Kernel): Promise<Uint8Array[]> {
  await using camera = await VideoDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  const format = await camera.setFormat({ width: 640, height: 360, format: 'XR24' })
  await camera.start(await heap.allocateBuffers(2, format.sizeImage))
  const pictures: Uint8Array[] = []
  for await (await using frame of camera.frames({ count: 2 })) {
    pictures.push(await grab(frame.buffer).catch(() => grab(frame.buffer)))
  }
  return pictures
}
