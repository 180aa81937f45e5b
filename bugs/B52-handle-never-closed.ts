// expect: handle-alias
// bytes: right everywhere
// A player made its pool of buffers anew at every change of format, imported each, added a
// framebuffer and closed the buffer, but never the handle, which keeps the memory: after a while
// every import failed with ENOMEM, and the picture stood still while the sound went on
// (moonlight-qt, PR 1954; gamescope, issue 60; xbmc, PR 28822). A framebuffer keeps its buffer by
// itself.
import { DmaHeap, DrmDevice, type Kernel } from 'dmabuf'

const SIZE = 640 * 360 * 4

export default async function play(kernel: Kernel): Promise<void> {
  await using display = await DrmDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  for (const colour of [0x40, 0x80, 0xc0]) {
    using buffer = await heap.allocate(SIZE)
    await buffer.withCpuAccess('write', (bytes) => bytes.fill(colour))
    await show(kernel, display, await display.primeFdToHandle(buffer))
  }
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
