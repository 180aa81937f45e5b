// expect: clean
// bytes: right everywhere
// The pipeline of B78 tries again on both.
import { DmaHeap, DrmDevice, errno, type Kernel, VideoDevice } from 'dmabuf'
import type { SimKernel } from 'dmabuf/sim'

const DMA_BUF_IOCTL_SYNC = 0x40086200
const SYNC_RW = 3
const SYNC_END = 4

export function prepare(kernel: SimKernel): void {
  kernel.fail('DMA_BUF_IOCTL_SYNC', 1, 'EINTR')
  kernel.fail('DMA_BUF_IOCTL_SYNC', 3, 'EAGAIN')
}

async function sync({ sys }: Kernel, fd: number, flags: number): Promise<boolean> {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(flags), true)
  for (;;) {
    const result = await sys.ioctl(fd, DMA_BUF_IOCTL_SYNC, { bytes })
    if (result === -errno.EINTR || result === -errno.EAGAIN) continue
    return result === 0
  }
}

export default async function pipeline(kernel: Kernel): Promise<void> {
  await using camera = await VideoDevice.open(kernel)
  await using display = await DrmDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  const format = await camera.setFormat({ width: 640, height: 360, format: 'XR24' })
  await camera.start(await heap.allocateBuffers(4, format.sizeImage))
  for await (await using frame of camera.frames({ count: 3 })) {
    const { fd } = frame.buffer
    using map = frame.buffer.map()
    if (!(await sync(kernel, fd, SYNC_RW))) continue
    map.bytes.fill(255, 0, 4 * format.bytesPerLine) // a bar at the top
    if (!(await sync(kernel, fd, SYNC_RW | SYNC_END))) continue
    await display.show(frame)
  }
}
