import {
  DmaHeap,
  DrmDevice,
  formatName,
  fourcc,
  type Kernel,
  type PictureLayout,
  pixelFormats,
  VideoDevice,
} from 'dmabuf'
import { runProgram } from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'
import { drmMode, timingsOf } from '../../src/user/drm-mode.ts'

/** The value of a program that ran on a simulated board. */
async function returned<T>(program: (kernel: Kernel) => Promise<T>): Promise<T> {
  const { value, error } = await runProgram(program)
  if (error !== undefined) throw new Error(error.message)
  return value as T
}

describe('pixel formats', () => {
  it('are four-character codes, whose numbers are those of the headers', () => {
    // DRM_FORMAT_XRGB8888, DRM_FORMAT_NV12, DRM_FORMAT_R8 and V4L2_PIX_FMT_MJPEG.
    expect(fourcc(pixelFormats.XRGB8888)).toBe(0x34325258)
    expect(fourcc(pixelFormats.NV12)).toBe(0x3231564e)
    expect(fourcc(pixelFormats.R8)).toBe(0x20203852)
    expect(fourcc(pixelFormats.MJPEG)).toBe(0x47504a4d)
  })

  it('come back from their numbers', () => {
    const codes = Object.values(pixelFormats)
    expect(codes.map((code) => formatName(fourcc(code)))).toEqual(codes)
    expect(new Set(codes).size).toBe(codes.length)
  })

  it.each([
    ['XRGB8888', "must be a four-character code such as 'XR24' (XRGB8888 is 'XR24')."],
    ['DRM_FORMAT_NV12', "such as 'XR24' (NV12 is 'NV12'). Received 'DRM_FORMAT_NV12'"],
    ['RGB', "must be a four-character code such as 'XR24'. Received 'RGB'"],
  ])('%s is refused with the way out', (format, message) => {
    const code = 'ERR_INVALID_ARG_VALUE'
    const error = { name: 'TypeError', code, message: expect.stringContaining(message) }
    expect(() => fourcc(format)).toThrow(expect.objectContaining(error))
  })

  it.each([undefined, 7, null])('%s is refused as no text', (format) => {
    expect(() => fourcc(format as unknown as string)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    )
  })
})

describe('stride', () => {
  it('is what a camera says of its lines', async () => {
    const format = await returned(async (kernel) => {
      await using camera = await VideoDevice.open(kernel)
      return await camera.setFormat({ width: 640, height: 360, format: 'XR24' })
    })
    expect(format).toMatchObject({ stride: 2560, bytesPerLine: 2560 })
  })

  it('is what a dumb buffer says of its lines, and what a display takes', async () => {
    const layouts = (stride: number): PictureLayout[] => [
      { width: 64, height: 32, format: 'XR24', stride },
      { width: 64, height: 32, format: 'XR24', bytesPerLine: stride },
    ]
    const strides = await returned(async (kernel) => {
      await using display = await DrmDevice.open(kernel)
      using heap = DmaHeap.open(kernel)
      using buffer = await heap.allocate(16384)
      await buffer.withCpuAccess('write', (bytes) => bytes.fill(1))
      for (const layout of layouts(512)) await display.show(buffer, layout)
      await using dumb = await display.createDumb({ width: 64, height: 32 })
      return [dumb.stride, dumb.pitch]
    })
    expect(strides).toEqual([256, 256])
  })
})

describe('a mode', () => {
  it('has a width, a height and a refresh rate beside its timings, and can be set', async () => {
    const mode = await returned(async (kernel) => {
      await using display = await DrmDevice.open(kernel)
      const [output] = await display.outputs()
      if (output === undefined) throw new Error('no output')
      const [first] = output.modes
      if (first === undefined) throw new Error('no mode')
      await using dumb = await display.createDumb({ width: first.width, height: first.height })
      const { handle, stride } = dumb
      const picture = { width: first.width, height: first.height, format: 'XR24', stride, handle }
      const framebuffer = await display.addFramebuffer(picture)
      const { crtc, connector } = output
      await display.setCrtc({ crtc, connectors: [connector], framebuffer, mode: first })
      await display.removeFramebuffer(framebuffer)
      return first
    })
    expect([mode.width, mode.height]).toEqual([mode.hdisplay, mode.vdisplay])
    expect(Math.round(mode.refresh)).toBe(mode.vrefresh)
  })

  it('has the exact refresh rate of its timings, interlaced and double-scanned too', () => {
    // CEA-861 720x576i at 50 fields, 1280x720 at 59.94, and 320x240 from VESA's double-scanned list.
    const timings = { hsync_start: 0, hsync_end: 0, hskew: 0, vsync_start: 0, vsync_end: 0 }
    const rest = { ...timings, vscan: 0, vrefresh: 60, type: 0, name: '' }
    const interlaced = { hdisplay: 720, vdisplay: 576, clock: 13500, htotal: 864, vtotal: 625 }
    const ntsc = { hdisplay: 1280, vdisplay: 720, clock: 74176, htotal: 1650, vtotal: 750 }
    const doubled = { hdisplay: 320, vdisplay: 240, clock: 12587, htotal: 400, vtotal: 262 }
    expect(drmMode({ ...rest, ...interlaced, flags: 1 << 4 }).refresh).toBe(50)
    expect(drmMode({ ...rest, ...ntsc, flags: 0 }).refresh).toBeCloseTo(59.94, 2)
    expect(drmMode({ ...rest, ...doubled, flags: 1 << 5 }).refresh).toBeCloseTo(60.05, 2)
    expect(drmMode({ ...rest, ...ntsc, htotal: 0, flags: 0 }).refresh).toBe(60)
    const info = { ...rest, ...ntsc, flags: 0 }
    expect(timingsOf(drmMode(info))).toEqual(info)
  })
})
