// expect: read-outside-bracket, write-outside-bracket
// bytes: wrong on arm-soc lazy, arm-soc eager, arm-soc random
// An application allocates cached buffers and hands them to the camera stack, which makes a smaller
// picture of one in another, on the CPU, with no bracket around either: what it reads may be older
// than the camera's picture, and what it stores may never reach the display (raspberrypi/libcamera,
// PR 79).
import { type DmaBuf, DmaHeap, DrmDevice, type ImageFormat, type Kernel, VideoDevice } from 'dmabuf'

/** Every second pixel of every second line, in the upper left quarter. */
async function downscale(from: DmaBuf, to: DmaBuf, format: ImageFormat): Promise<void> {
  using source = from.map({ access: 'read' })
  using target = to.map()
  const [width, height] = [format.width >> 1, format.height >> 1]
  const line = new Uint8Array(format.bytesPerLine)
  for (let y = 0; y < height; y++) {
    source.copy(line, 2 * y * format.bytesPerLine)
    for (let x = 0; x < width; x++) line.copyWithin(4 * x, 8 * x, 8 * x + 4)
    target.set(line.subarray(0, 4 * width), y * format.bytesPerLine)
  }
}

export default async function preview(kernel: Kernel): Promise<void> {
  await using camera = await VideoDevice.open(kernel)
  await using display = await DrmDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  const format = await camera.setFormat({ width: 640, height: 360, format: 'XR24' })
  using first = await heap.allocate(format.sizeImage)
  using second = await heap.allocate(format.sizeImage)
  await camera.start(await heap.allocateBuffers(4, format.sizeImage))
  for await (await using frame of camera.frames({ count: 6 })) {
    const small = frame.sequence % 2 === 0 ? first : second
    await downscale(frame.buffer, small, format)
    await display.show(small, format)
  }
}
