// expect: clean
// bytes: right everywhere
// on: arm-soc-acpi
// The program of B06 with buffers of a heap, which syncs for those who have them mapped.
import { DmaHeap, DrmDevice, type Kernel } from 'dmabuf'
import { armSoc, type Board } from 'dmabuf/sim'

export const boards: Board[] = [
  {
    ...armSoc,
    name: 'arm-soc-acpi',
    description: 'arm-soc where what has no place on a bus counts as coherent',
    devices: { ...armSoc.devices, udmabuf: { snoops: true } },
  },
]

const LAYOUT = { format: 'XR24', width: 64, height: 32, bytesPerLine: 256 }

export default async function draw(kernel: Kernel): Promise<void> {
  await using display = await DrmDevice.open(kernel)
  const size = LAYOUT.bytesPerLine * LAYOUT.height
  using heap = DmaHeap.open(kernel)
  using front = await heap.allocate(size)
  using back = await heap.allocate(size)
  for (let count = 0; count < 4; count++) {
    const picture = count % 2 === 0 ? front : back
    await picture.withCpuAccess('write', (bytes) => bytes.fill(60 * count))
    await display.show(picture, LAYOUT)
  }
}
