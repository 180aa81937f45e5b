// expect: clean
// bytes: right everywhere
// The overlays of B51: where both users hold the same handle, only the last one closes it.
import { DmaHeap, DrmDevice, type Kernel } from 'dmabuf'

const SIZE = 640 * 360 * 4

export default async function overlays(kernel: Kernel): Promise<void> {
  await using display = await DrmDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  using video = await heap.allocate(SIZE)
  using menu = await heap.allocate(SIZE)
  using cursor = await heap.allocate(SIZE)
  await menu.withCpuAccess('write', (bytes) => bytes.fill(0x40))
  await cursor.withCpuAccess('write', (bytes) => bytes.fill(0xc0))

  const decoder = await display.primeFdToHandle(video)
  const renderer = await display.primeFdToHandle(video)
  if (decoder !== renderer) await display.closeHandle(decoder)
  const menuHandle = await display.primeFdToHandle(menu)
  await display.closeHandle(renderer)
  const cursorHandle = await display.primeFdToHandle(cursor)
  await show(kernel, display, menuHandle)
  await display.closeHandle(cursorHandle)
  await display.closeHandle(menuHandle)
}

/** Shows what `handle` stands for, for three refreshes. */
async function show(kernel: Kernel, display: DrmDevice, handle: number): Promise<void> {
  const [output] = await display.outputs()
  const mode = output?.modes[0]
  if (output === undefined || mode === undefined) throw new Error('no screen is attached')
  const { crtc, connector } = output
  const [width, height] = [mode.hdisplay, mode.vdisplay]
  const layout = { width, height, format: 'XR24', bytesPerLine: 4 * width }
  const framebuffer = await display.addFramebuffer({ ...layout, handle })
  await display.setCrtc({ crtc, connectors: [connector], framebuffer, mode })
  await kernel.sleep(50e6)
  await display.removeFramebuffer(framebuffer)
}
