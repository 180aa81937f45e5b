// Imports are cached by the buffer.
// Expect: clean.
import { DmaHeap, DrmDevice, type ImportedBuffer, type Kernel } from 'dmabuf'

export default async function slides(kernel: Kernel): Promise<void> {
  await using display = await DrmDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  const [output] = await display.outputs()
  const mode = output?.modes[0]
  if (output === undefined || mode === undefined) throw new Error('no screen is attached')
  const { width, height } = mode
  const { crtc, connector } = output
  const layout = { width, height, format: 'XR24', stride: 4 * width }
  const imports = new Map<unknown, ImportedBuffer>()
  for (const shade of [50, 100, 150, 200]) {
    using slide = await heap.allocate(layout.stride * height)
    await slide.withCpuAccess('write', (bytes) => bytes.fill(shade))
    const key = slide
    const imported = imports.get(key) ?? (await display.importBuffer(slide))
    imports.set(key, imported)
    const framebuffer = await display.addFramebuffer({ ...layout, handle: imported.handle })
    await display.setCrtc({ crtc, connectors: [connector], framebuffer, mode })
    await kernel.sleep(50e6)
    await display.removeFramebuffer(framebuffer)
  }
  for (const imported of imports.values()) await imported.close()
}
