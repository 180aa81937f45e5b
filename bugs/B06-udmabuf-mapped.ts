// expect: sync-is-noop, unsafe-skip-hint
// bytes: wrong on arm-soc-acpi lazy, arm-soc-acpi eager, arm-soc-acpi random
// on: arm-soc-acpi
// udmabuf syncs its pages for a pseudo-device of its own, and for no importer (xbmc, PR 28983 and
// 29052). Where the platform takes that pseudo-device for coherent, START and END come back and have
// done nothing: a display that has the buffer mapped since the first picture, and does not look into
// the caches, shows old lines of all that follow. The first one is old as well where udmabuf maps without
// cache work, as late 6.12.y does.
import { DrmDevice, type Kernel, Memfd, Udmabuf } from 'dmabuf'
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
  using device = Udmabuf.open(kernel)
  using memory = Memfd.create(kernel, 'pictures', 2 * size, { seals: ['shrink'] })
  using front = await device.create(memory, { size })
  using back = await device.create(memory, { offset: size })
  for (let count = 0; count < 4; count++) {
    const picture = count % 2 === 0 ? front : back
    await picture.withCpuAccess('write', (bytes) => bytes.fill(60 * count))
    await display.show(picture, LAYOUT)
  }
}
