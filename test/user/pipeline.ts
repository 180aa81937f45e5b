import type { Kernel } from '../../src/syscalls/kernel.ts'
import { DmaHeap } from '../../src/user/dma-heap.ts'
import { DrmDevice } from '../../src/user/drm-device.ts'
import { VideoDevice } from '../../src/user/video-device.ts'

/** The program of the README: camera, overlay, display. Returns the sequence numbers shown. */
export async function pipeline(kernel: Pick<Kernel, 'sys'>, count = 4): Promise<number[]> {
  const shown: number[] = []
  await using camera = await VideoDevice.open(kernel)
  const format = await camera.setFormat({ width: 64, height: 32, format: 'XR24' })
  using heap = DmaHeap.open(kernel)
  await using display = await DrmDevice.open(kernel)
  await camera.start(await heap.allocateBuffers(3, format.sizeImage))
  for await (await using frame of camera.frames({ count })) {
    {
      await using cpu = await frame.buffer.beginCpuAccess('read-write')
      cpu.bytes.fill(255, 0, 64)
    }
    await display.show(frame)
    shown.push(frame.sequence)
  }
  return shown
}

/** The same with the camera's own memory, and the display given a dumb buffer in between. */
export async function ownMemoryPipeline(kernel: Pick<Kernel, 'sys'>): Promise<void> {
  await using camera = await VideoDevice.open(kernel)
  await using display = await DrmDevice.open(kernel)
  await camera.startMmap(3)
  for await (await using frame of camera.frames({ count: 2 })) await display.show(frame)
  await using dumb = await display.createDumb({ width: 64, height: 32 })
  {
    using map = await dumb.map()
    map.fill(1, 0, 64)
  }
  using buffer = await dumb.exportBuffer()
  const layout = { width: 64, height: 32, format: 'XR24', bytesPerLine: dumb.pitch }
  await display.show(buffer, layout)
  await using first = await display.importBuffer(buffer)
  await using second = await display.importBuffer(buffer)
  if (first.handle !== second.handle) throw new Error('PRIME gives one handle to one buffer')
}
