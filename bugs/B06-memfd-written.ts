// expect: clean
// bytes: right everywhere
// A compositor's plug-in wrote pictures through the memfd behind a udmabuf, between START and END of the
// udmabuf, which had nothing to sync at the time: no device had it mapped (xbmc, PR 28983). Called wrong
// for that, it is right: the display maps each buffer afterwards, and a map hands the device what the
// CPU has stored, through whatever mapping.
import { DrmDevice, type Kernel, Memfd, Udmabuf } from 'dmabuf'

const LAYOUT = { format: 'XR24', width: 64, height: 32, bytesPerLine: 256 }

export default async function draw(kernel: Kernel): Promise<void> {
  await using display = await DrmDevice.open(kernel)
  using device = Udmabuf.open(kernel)
  const size = LAYOUT.bytesPerLine * LAYOUT.height
  for (const grey of [64, 128, 192]) {
    using memory = Memfd.create(kernel, 'picture', size, { seals: ['shrink'] })
    using map = memory.map()
    using buffer = await device.create(memory)
    await buffer.startCpuAccess('write')
    map.fill(grey)
    await buffer.endCpuAccess('write')
    await display.show(buffer, LAYOUT)
  }
}
