// expect: clean
// bytes: right everywhere
// on: arm-soc, arm-soc-invalidates
// Pages of a memfd that the CPU had written went through udmabuf to a decoder, and what was read after
// START was wrong now and then: arm64 cleans what it hands to a device whatever the direction, where
// other architectures look at it (raspberrypi/linux, PR 6995). The two ways are two boards here. On both
// the program is right as long as exporter and importer are: old lines go before the decoder writes,
// one way or the other, and where udmabuf maps without cache work by the program's END. The decoder is
// a camera.
import { type Kernel, Memfd, Udmabuf, VideoDevice } from 'dmabuf'
import { armSoc, type Board } from 'dmabuf/sim'

export const boards: Board[] = [
  {
    ...armSoc,
    name: 'arm-soc-invalidates',
    description: 'arm-soc that drops lines, and cleans none, where only the device writes',
    fromDeviceMap: 'invalidate',
  },
]

export default async function decode(kernel: Kernel): Promise<Uint8Array[]> {
  await using decoder = await VideoDevice.open(kernel)
  using device = Udmabuf.open(kernel)
  const { sizeImage } = await decoder.setFormat({ width: 640, height: 360, format: 'XR24' })
  const size = Math.ceil(sizeImage / 4096) * 4096
  using memory = Memfd.create(kernel, 'pictures', 2 * size, { seals: ['shrink'] })
  using first = await device.create(memory, { size })
  using second = await device.create(memory, { offset: size })
  using map = memory.map()
  map.fill(0xee)
  // udmabuf of late 6.12.y maps for an importer without cache work: what was written goes to memory here.
  for (const buffer of [first, second]) await buffer.withCpuAccess('write', () => undefined)
  await decoder.start([first, second])
  const pictures: Uint8Array[] = []
  for await (await using frame of decoder.frames({ count: 6 })) {
    await frame.buffer.withCpuAccess('read', (bytes) => {
      pictures.push(bytes.slice(0, frame.bytesUsed))
    })
  }
  return pictures
}
