import { beforeEach, describe, expect, test } from 'vitest'
import { DRM_MODE_DISCONNECTED } from '../../src/abi/drm-mode.ts'
import type { DmaBuf } from '../../src/user/dma-buf.ts'
import { DmaHeap } from '../../src/user/dma-heap.ts'
import { DrmDevice } from '../../src/user/drm-device.ts'
import { chooseMode, makeMode } from '../../src/user/drm-mode-choice.ts'
import { planesOf } from '../../src/user/image-format.ts'
import { FakeKernel } from './fake-kernel.ts'

const layout = { width: 64, height: 32, format: 'XR24', bytesPerLine: 256 }
let kernel: FakeKernel
let display: DrmDevice
let buffers: DmaBuf[]
beforeEach(async () => {
  kernel = new FakeKernel()
  using heap = DmaHeap.open(kernel)
  buffers = await heap.allocateBuffers(3, 8192)
  display = await DrmDevice.open(kernel)
})
const buffer = (i: number): DmaBuf => buffers[i] as DmaBuf

/** A stand-in for a frame, which shows whether the display still holds it. */
function frame(i: number): { shown: Parameters<DrmDevice['show']>[0]; held: () => number } {
  let count = 0
  const retain = (): AsyncDisposable => {
    count++
    return {
      async [Symbol.asyncDispose]() {
        count--
      },
    }
  }
  const format = { ...layout, sizeImage: 8192 }
  return { shown: { buffer: buffer(i), format, retain } as never, held: () => count }
}
const show = (one: ReturnType<typeof frame>, signal?: AbortSignal): Promise<void> =>
  display.show(one.shown as never, { signal } as never)

describe('showing', () => {
  test('sets the mode once and flips from then on, one framebuffer a buffer', async () => {
    for (const i of [0, 1, 0, 1]) await display.show(buffer(i), layout)
    expect(kernel.drm.modeSets).toBe(1)
    expect(kernel.count('DRM_IOCTL_MODE_PAGE_FLIP')).toBe(3)
    expect(kernel.count('DRM_IOCTL_MODE_ADDFB2')).toBe(2)
  })

  test('holds a frame until the flip to the next is complete', async () => {
    const [first, second] = [frame(0), frame(1)]
    await show(first)
    expect(first.held()).toBe(1)
    await show(second)
    expect([first.held(), second.held()]).toEqual([0, 1])
    await display[Symbol.asyncDispose]()
    expect(second.held()).toBe(0)
    expect(kernel.drm.onScreen).toBeUndefined()
  })

  test('aborted in mid flip holds both frames, and settles with the next', async () => {
    const [first, second, third] = [frame(0), frame(1), frame(2)]
    await show(first)
    kernel.drm.flipsComplete = false
    const controller = new AbortController()
    const waiting = show(second, controller.signal)
    await Promise.resolve()
    controller.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    expect([first.held(), second.held()]).toEqual([1, 1])
    kernel.drm.flipsComplete = true
    await show(third)
    expect([first.held(), second.held(), third.held()]).toEqual([0, 0, 1])
  })

  test('that fails lets go of the frame', async () => {
    const one = frame(0)
    kernel.fail('DRM_IOCTL_MODE_ADDFB2', 1, 'EINVAL')
    await expect(show(one)).rejects.toThrow(/cannot show 64x32 'XR24' with 256 bytes/)
    expect(one.held()).toBe(0)
    expect(kernel.drm.handles.size).toBe(0)
  })

  test('takes turns', async () => {
    await Promise.all([0, 1, 2].map((i) => display.show(buffer(i), layout)))
    expect(kernel.drm.flipping).toBeUndefined()
    expect(kernel.count('DRM_IOCTL_MODE_PAGE_FLIP')).toBe(2)
  })

  test('another size sets the mode again', async () => {
    await display.show(buffer(0), layout)
    await display.show(buffer(0), { ...layout, height: 16 })
    expect(kernel.drm.modeSets).toBe(2)
  })

  test('drops the framebuffers of buffers that were closed', async () => {
    await display.show(buffer(0), layout)
    await display.show(buffer(1), layout)
    buffer(0).close()
    buffer(1).close()
    await display.show(buffer(2), layout)
    expect(kernel.drm.framebuffers.size).toBe(2)
  })

  test('needs a screen', async () => {
    kernel.drm.connection = DRM_MODE_DISCONNECTED
    await expect(display.show(buffer(0), layout)).rejects.toThrow(/ENXIO.*no screen is attached/)
  })
})

describe('handles', () => {
  test('are counted, since the kernel gives one for all imports of a buffer', async () => {
    const first = await display.importBuffer(buffer(0))
    const second = await display.importBuffer(buffer(0).dup())
    expect(second.handle).toBe(first.handle)
    await first[Symbol.asyncDispose]()
    await first[Symbol.asyncDispose]()
    expect(kernel.drm.handles.size).toBe(1)
    await second[Symbol.asyncDispose]()
    expect(kernel.drm.handles.size).toBe(0)
  })

  test('of the low-level calls are not', async () => {
    const handle = await display.primeFdToHandle(buffer(0))
    expect(await display.primeFdToHandle(buffer(0))).toBe(handle)
    await display.closeHandle(handle)
    await expect(display.closeHandle(handle)).rejects.toThrow(/EINVAL.*a handle is closed once/)
  })

  test('are closed with the device, and disposing after it does nothing', async () => {
    const imported = await display.importBuffer(buffer(0))
    const dumb = await display.createDumb({ width: 64, height: 32 })
    await display[Symbol.asyncDispose]()
    const calls = kernel.log.length
    await imported[Symbol.asyncDispose]()
    await dumb[Symbol.asyncDispose]()
    expect(kernel.log.length).toBe(calls)
    await expect(display.show(buffer(0), layout)).rejects.toThrow(/EBADF.*was closed/)
  })
})

describe('the low-level calls', () => {
  test('set a mode, flip and tell', async () => {
    const [output] = await display.outputs()
    expect(output).toMatchObject({ connector: 41, crtc: 31, modes: [{ hdisplay: 64 }] })
    const handle = await display.primeFdToHandle(buffer(0))
    const framebuffer = await display.addFramebuffer({ ...layout, handle })
    await display.setCrtc({ crtc: 31, connectors: [41], framebuffer, mode: makeMode(64, 32) })
    await display.pageFlip({ crtc: 31, framebuffer, userData: 77 })
    await expect(display.pageFlip({ crtc: 31, framebuffer, userData: 78 })).rejects.toMatchObject({
      code: 'EBUSY',
    })
    expect(await display.readEvent()).toMatchObject({ kind: 'flip', userData: 77 })
    await display.removeFramebuffer(framebuffer)
  })
})

describe('the mode', () => {
  const modes = [makeMode(1024, 768), makeMode(640, 480), { ...makeMode(640, 480), type: 8 }]
  test.each([
    [640, 480, 640, 480, 8],
    [800, 600, 640, 480, 8],
    [2000, 2000, 1024, 768, 0],
    [640, 360, 640, 360, 0],
  ])('for %dx%d is %dx%d', (width, height, hdisplay, vdisplay, type) => {
    expect(chooseMode(modes, width, height)).toMatchObject({ hdisplay, vdisplay, type })
  })
})

test('YU12 has three planes in one buffer', () => {
  expect(planesOf({ width: 6, height: 5, format: 'YU12', bytesPerLine: 8 })).toEqual([
    { offset: 0, stride: 8 },
    { offset: 40, stride: 4 },
    { offset: 52, stride: 4 },
  ])
})
