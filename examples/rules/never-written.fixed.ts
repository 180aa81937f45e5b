// The chroma plane is read from where it was written.
// Expect: clean.
import { DmaHeap, DrmDevice, type Kernel } from 'dmabuf'

const [WIDTH, HEIGHT, ROWS] = [64, 32, 48]

export default async function slide(kernel: Kernel): Promise<void> {
  await using display = await DrmDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  using picture = await heap.allocate(2 * WIDTH * ROWS)
  const cpu = await picture.beginCpuAccess('write')
  cpu.fill(90, 0, WIDTH * HEIGHT)
  cpu.fill(128, WIDTH * ROWS, WIDTH * ROWS + (WIDTH * HEIGHT) / 2)
  await cpu.end()
  const planes = [0, WIDTH * ROWS].map((offset) => ({ offset, stride: WIDTH }))
  await display.show(picture, {
    width: WIDTH,
    height: HEIGHT,
    format: 'NV12',
    stride: WIDTH,
    planes,
  })
  await kernel.sleep(50e6)
}
