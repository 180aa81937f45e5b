/** Cameras and displays that pad lines and heights, as a board's table says. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { armSoc } from '../../../src/boards/arm-soc.ts'
import { boardNamed } from '../../../src/boards/index.ts'
import type { Board } from '../../../src/machine/board.ts'
import { paddedSize, writePadded } from '../../../src/media/padded.ts'
import { pixelFormats } from '../../../src/media/pixel-format.ts'
import { patternSource, readFrame } from '../../../src/media/source.ts'
import { runProgram } from '../../../src/run/run-program.ts'
import { DmaHeap } from '../../../src/user/dma-heap.ts'
import { DrmDevice } from '../../../src/user/drm-device.ts'
import { VideoDevice } from '../../../src/user/video-device.ts'
import { holds } from '../../media/holds.ts'
import { start } from '../../sim/rig.ts'

const SIZE = { width: 72, height: 36 }
const source = patternSource(SIZE.width, SIZE.height)

function padding(strideStep: number, heightStep: number): Board {
  const camera = { snoops: false, strideStep, heightStep }
  const display = { snoops: false, strideStep }
  return { ...armSoc, name: 'padding', devices: { ...armSoc.devices, camera, display } }
}

describe('a camera that pads', () => {
  it.each([
    ['XR24', 64, 16, { stride: 320, height: 48, sizeImage: 320 * 48 }],
    ['YU12', 64, 16, { stride: 128, height: 48, sizeImage: 128 * 72 }],
    ['NV12', 16, 1, { stride: 80, height: 36, sizeImage: 80 * 54 }],
    ['YUYV', 1, 32, { stride: 144, height: 64, sizeImage: 144 * 64 }],
    ['XR24', 1, 1, { stride: 288, height: 36, sizeImage: 288 * 36 }],
  ] as const)(
    'in %s to %d bytes and %d lines says so at S_FMT',
    async (format, bytes, lines, expected) => {
      const kernel = start({ board: padding(bytes, lines), source })
      await using camera = await VideoDevice.open(kernel)
      const given = await camera.setFormat({ ...SIZE, format })
      expect(given).toMatchObject({ width: SIZE.width, ...expected })
      expect(await camera.getFormat()).toEqual(given)
      using heap = DmaHeap.open(kernel)
      const short = await heap.allocateBuffers(1, given.sizeImage - 4096)
      await expect(camera.start(short)).rejects.toThrow('EINVAL')
    },
  )

  it.each(['XR24', 'YU12', 'NV12', 'YUYV'] as const)(
    'in %s gives a picture that a display shows as it is',
    async (format) => {
      const pictures: Uint8Array[] = []
      const { findings, error } = await runProgram(
        async (kernel) => {
          await using camera = await VideoDevice.open(kernel)
          await using display = await DrmDevice.open(kernel)
          using heap = DmaHeap.open(kernel)
          const { sizeImage } = await camera.setFormat({ ...SIZE, format })
          await camera.start(await heap.allocateBuffers(3, sizeImage))
          for await (await using frame of camera.frames({ count: 2 })) await display.show(frame)
        },
        {
          board: padding(64, 16),
          source,
          onFrame: ({ first, bytes, width, height }) => {
            expect({ width, height }).toEqual(SIZE)
            if (first) pictures.push(bytes.slice())
          },
        },
      )
      expect([findings, error?.message]).toEqual([[], undefined])
      const pixel = pixelFormats[format]
      const expected = [0, 1].map((index) => {
        const bytes = new Uint8Array(pixel.sizeImage(SIZE.width, SIZE.height))
        readFrame(source, index, pixel, bytes, pixel.bytesPerLine(SIZE.width))
        return bytes
      })
      expect(pictures).toEqual(expected)
    },
  )

  it('is one of the ready boards: 360 lines become 368', async () => {
    const kernel = start({ board: boardNamed('arm-soc-cma') })
    await using camera = await VideoDevice.open(kernel)
    const format = await camera.setFormat({ width: 640, height: 360, format: 'NV12' })
    expect(format).toMatchObject({ height: 368, stride: 640, sizeImage: 640 * 552 })
    expect(format.planes?.[1]).toEqual({ offset: 640 * 368, stride: 640 })
  })
})

describe('a display that takes strides of whole blocks', () => {
  it('gives dumb buffers such strides, and refuses others at ADDFB2', async () => {
    const kernel = start({ board: padding(64, 1), source })
    await using display = await DrmDevice.open(kernel)
    await using dumb = await display.createDumb(SIZE)
    expect(dumb.stride).toBe(320)
    using heap = DmaHeap.open(kernel)
    using buffer = await heap.allocate(320 * 36)
    const layout = { ...SIZE, format: 'XR24' }
    await expect(display.show(buffer, { ...layout, stride: 288 })).rejects.toThrow(/EINVAL/)
    await display.show(buffer, { ...layout, stride: 320 })
  })
})

it('a padded image has every sample where its plane, stride and line say, and leaves the padding', () => {
  const formats = Object.values(pixelFormats)
  holds(
    fc.property(
      fc.constantFrom(...formats),
      fc.integer({ min: 0, max: 3 }),
      fc.integer({ min: 0, max: 5 }),
      (format, lines, pad) => {
        const size = { width: 32, height: 16 }
        const frame = patternSource(32, 16).frame(3)
        const pitch = format.bytesPerLine(size.width) + 4 * pad
        const height = size.height + 2 * lines
        const layout = { height, pitch }
        const target = new Uint8Array(paddedSize(format, layout)).fill(0x5a)
        writePadded(frame, size, format, target, layout)
        expect(target).toEqual(naive(format.name, frame, layout))
      },
    ),
    { numRuns: 60 },
  )
})

/** Sample by sample, from the definition of each format. */
function naive(
  name: string,
  frame: Uint8Array,
  { height, pitch }: { height: number; pitch: number },
): Uint8Array {
  const [width, rows] = [32, 16]
  const format = pixelFormats[name as keyof typeof pixelFormats]
  const bytes = new Uint8Array(pitch * format.rows(height)).fill(0x5a)
  if (name === 'XR24' || name === 'YUYV') {
    const image = new Uint8Array(format.sizeImage(width, rows))
    const line = format.bytesPerLine(width)
    readFrame({ width, height: rows, frameCount: 1, frame: () => frame }, 0, format, image, line)
    for (let i = 0; i < image.length; i++) {
      bytes[Math.floor(i / line) * pitch + (i % line)] = image[i] as number
    }
    return bytes
  }
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < width; x++) {
      bytes[y * pitch + x] = frame[y * width + x] as number
      const chroma = Math.floor(y / 2) * (width / 2) + Math.floor(x / 2)
      const [cb, cr] = [frame[width * rows + chroma], frame[width * rows * 1.25 + chroma]]
      const [cx, cy] = [Math.floor(x / 2), Math.floor(y / 2)]
      const first =
        name === 'NV12' ? pitch * (height + cy) + 2 * cx : pitch * height + (pitch / 2) * cy + cx
      bytes[first] = cb as number
      bytes[name === 'NV12' ? first + 1 : first + (pitch / 2) * (height / 2)] = cr as number
    }
  }
  return bytes
}
