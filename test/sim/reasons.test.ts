/** An error of a class names the one condition that failed, where the kernel knows it. */
import {
  type AbortOptions,
  DmaHeap,
  DrmDevice,
  Memfd,
  type MemfdOptions,
  type MemfdRange,
  type SystemError,
  Udmabuf,
  VideoDevice,
} from 'dmabuf'
import { expect, test } from 'vitest'
import { O_RDWR } from '../../src/abi/fcntl.ts'
import type { SimKernel } from '../../src/sim/kernel.ts'
import { scopeOf } from '../../src/syscalls/call-scope.ts'
import { start } from './rig.ts'

const MIB = 1024 * 1024

/** The message of the error that `body` fails with. */
async function messageOf(body: () => unknown): Promise<string> {
  try {
    await body()
  } catch (error) {
    return (error as SystemError).message
  }
  throw new Error('it did not fail')
}

async function udmabufError(
  size: number,
  options: MemfdOptions,
  range?: MemfdRange & AbortOptions,
): Promise<string> {
  const kernel = start()
  using memfd = Memfd.create(kernel, 'frames', size, options)
  using udmabuf = Udmabuf.open(kernel)
  return await messageOf(() => udmabuf.create(memfd, range))
}

test('udmabuf of a memfd that can shrink asks for the seal, and for nothing else', async () => {
  const message = await udmabufError(4096, {})
  expect(message).toMatch(/EINVAL.*could be made shorter: seal it with F_SEAL_SHRINK \('shrink'\)/)
  expect(message).not.toMatch(/64 MiB|whole pages/)
})

test('udmabuf of a memfd that is sealed against writing names that seal', async () => {
  const message = await udmabufError(4096, { seals: ['shrink', 'write'] })
  expect(message).toMatch(/sealed against writing.*leave out F_SEAL_WRITE/)
})

test('udmabuf of half a page names the size and the page size', async () => {
  const message = await udmabufError(4096, { seals: ['shrink'] }, { size: 1000 })
  expect(message).toMatch(/size 1000 is not a multiple of the page size 4096/)
})

test('udmabuf of more than its module allows names the limit', async () => {
  const message = await udmabufError(65 * MIB, { seals: ['shrink'] })
  expect(message).toMatch(/68157440 bytes or more, and size_limit_mb .* allows 67108864 bytes/)
})

test('udmabuf beyond the end of the memfd names the bytes and its size', async () => {
  const message = await udmabufError(4096, { seals: ['shrink'] }, { offset: 4096, size: 4096 })
  expect(message).toMatch(/bytes 4096 to 8192 are not within the 4096 bytes of the memfd/)
})

interface Screen extends AsyncDisposable {
  readonly kernel: SimKernel
  readonly display: DrmDevice
  readonly handle: number
  readonly framebuffer: number
  readonly crtc: number
}

/** A framebuffer of 640 by 360 pixels, and no mode. */
async function screen(): Promise<Screen> {
  const kernel = start()
  const display = await DrmDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  using buffer = await heap.allocate(4 * 640 * 360)
  const handle = await display.primeFdToHandle(buffer)
  const layout = { width: 640, height: 360, format: 'XR24', bytesPerLine: 4 * 640 }
  const framebuffer = await display.addFramebuffer({ ...layout, handle })
  const [output] = await display.outputs()
  const crtc = output?.crtc ?? 0
  return {
    kernel,
    display,
    handle,
    framebuffer,
    crtc,
    [Symbol.asyncDispose]: () => display[Symbol.asyncDispose](),
  }
}

test('a flip before a mode was set says so, and not that another flip is under way', async () => {
  await using shown = await screen()
  const { display, crtc, framebuffer } = shown
  const message = await messageOf(() => display.pageFlip({ crtc, framebuffer, userData: 1 }))
  expect(message).toMatch(/EBUSY.*CRTC \d+ is off, because no mode was set: SETCRTC comes before/)
  expect(message).not.toMatch(/under way/)
})

test('a second flip before the first has happened asks to read its event', async () => {
  await using shown = await screen()
  const { display, crtc, framebuffer } = shown
  const [output] = await display.outputs()
  const mode = output?.modes[0]
  if (output === undefined || mode === undefined) throw new Error('no screen')
  await display.setCrtc({ crtc, connectors: [output.connector], framebuffer, mode })
  await display.pageFlip({ crtc, framebuffer, userData: 1 })
  const message = await messageOf(() => display.pageFlip({ crtc, framebuffer, userData: 2 }))
  expect(message).toMatch(/EBUSY.*still waits for the vertical blank: read its event first/)
})

test('a handle of another open file is said to be one', async () => {
  await using shown = await screen()
  await using other = await DrmDevice.open(shown.kernel)
  const layout = { width: 640, height: 360, format: 'XR24', bytesPerLine: 4 * 640 }
  const message = await messageOf(() => other.addFramebuffer({ ...layout, handle: shown.handle }))
  expect(message).toMatch(/ENOENT.*handle 1 is not open in this open file: handles belong to/)
})

test('a pitch that is too small is named with the bytes of a line', async () => {
  await using shown = await screen()
  const { display, handle } = shown
  const layout = { width: 640, height: 360, format: 'XR24', bytesPerLine: 2000 }
  const message = await messageOf(() => display.addFramebuffer({ ...layout, handle }))
  expect(message).toMatch(/pitch 2000 of plane 0 is less than a line of 2560 bytes/)
})

test('a framebuffer larger than its buffer is named with both sizes', async () => {
  await using shown = await screen()
  const { display, handle } = shown
  const layout = { width: 640, height: 720, format: 'XR24', bytesPerLine: 2560 }
  const message = await messageOf(() => display.addFramebuffer({ ...layout, handle }))
  expect(message).toMatch(/ends at byte 1843200, and its buffer has 921600 bytes/)
})

test('setting a mode with a framebuffer that is not there names it', async () => {
  await using shown = await screen()
  const { display, crtc } = shown
  const [output] = await display.outputs()
  const mode = output?.modes[0]
  if (output === undefined || mode === undefined) throw new Error('no screen')
  const setting = { crtc, connectors: [output.connector], framebuffer: 999, mode }
  const message = await messageOf(() => display.setCrtc(setting))
  expect(message).toMatch(/ENOENT.*there is no framebuffer 999/)
})

test('a mapping at an offset within a page names the offset', async () => {
  const kernel = start()
  using heap = DmaHeap.open(kernel)
  using buffer = await heap.allocate(8192)
  const message = await messageOf(() => buffer.map({ offset: 1000, length: 4096 }))
  expect(message).toMatch(/EINVAL.*offset 1000 is not a multiple of the page size 4096/)
})

test('a mapping beyond the buffer names the bytes', async () => {
  const kernel = start()
  using heap = DmaHeap.open(kernel)
  using buffer = await heap.allocate(8192)
  const message = await messageOf(() => buffer.map({ offset: 4096, length: 8192 }))
  expect(message).toMatch(/bytes 4096 to 12288 do not lie within the 8192 bytes/)
})

test('a buffer too small for the format is named with both sizes', async () => {
  const kernel = start()
  await using camera = await VideoDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  await camera.setFormat({ width: 640, height: 360, format: 'XR24' })
  const buffers = await heap.allocateBuffers(2, 4096)
  const message = await messageOf(() => camera.start(buffers))
  expect(message).toMatch(/4096 bytes, less than the sizeimage 921600/)
  expect(message).not.toMatch(/queued already/)
})

test('the camera of another open file names that as the reason', async () => {
  const kernel = start()
  await using camera = await VideoDevice.open(kernel)
  await using other = await VideoDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  const { sizeImage } = await camera.setFormat({ width: 640, height: 360, format: 'XR24' })
  await camera.start(await heap.allocateBuffers(2, sizeImage))
  const message = await messageOf(async () => other.start(await heap.allocateBuffers(2, sizeImage)))
  expect(message).toMatch(/EBUSY.*another open file of the camera owns its buffers/)
})

test('calls that overlap get each their own reason', async () => {
  const kernel = start()
  using udmabuf = Udmabuf.open(kernel)
  using open = Memfd.create(kernel, 'open', 4096)
  using sealed = Memfd.create(kernel, 'sealed', 4096, { seals: ['shrink'] })
  const messages = await Promise.all([
    messageOf(() => udmabuf.create(open)),
    messageOf(() => udmabuf.create(sealed, { size: 100 })),
    messageOf(() => udmabuf.create(sealed, { offset: 4096, size: 4096 })),
  ])
  expect(messages[0]).toMatch(/could be made shorter/)
  expect(messages[1]).toMatch(/size 100 is not a multiple/)
  expect(messages[2]).toMatch(/bytes 4096 to 8192/)
})

test('a call that succeeds has no reason, also after one that failed', () => {
  const { sys } = start()
  const failed: { reason?: string } = {}
  expect(scopeOf(sys).run({ failure: failed }, () => sys.open('/dev/nothing', O_RDWR))).toBe(-2)
  expect(failed.reason).toMatch(/^\/dev\/nothing: there are /)
  const worked: { reason?: string } = {}
  expect(
    scopeOf(sys).run({ failure: worked }, () => sys.open('/dev/udmabuf', O_RDWR)),
  ).toBeGreaterThanOrEqual(0)
  expect(worked.reason).toBeUndefined()
})
