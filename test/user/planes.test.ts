/** Colour planes: where they lie in a buffer, and that cameras and displays agree on it. */
import { DmaHeap, DrmDevice, type PictureLayout, VideoDevice } from 'dmabuf'
import { patternSource, readFrame, runProgram, type ShownFrame } from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'
import { pixelFormats as simulated } from '../../src/media/pixel-format.ts'
import { planeCount, planesOf } from '../../src/user/image-format.ts'

const WIDTH = 64
const HEIGHT = 32
const source = patternSource(WIDTH, HEIGHT)

type Picture = Pick<ShownFrame, 'format' | 'bytes'>

/** The pictures of a program on the display, each once. */
async function shown(program: Parameters<typeof runProgram>[0]): Promise<Picture[]> {
  const pictures: Picture[] = []
  const { findings, error } = await runProgram(program, {
    source,
    onFrame: ({ first, format, bytes }) => {
      if (first) pictures.push({ format, bytes: bytes.slice() })
    },
  })
  expect([findings, error?.message]).toEqual([[], undefined])
  return pictures
}

describe('the planes of a layout', () => {
  it.each([
    ['XR24', 256, [[0, 256]]],
    ['YUYV', 128, [[0, 128]]],
    [
      'NV12',
      64,
      [
        [0, 64],
        [2048, 64],
      ],
    ],
    [
      'NV21',
      80,
      [
        [0, 80],
        [2560, 80],
      ],
    ],
    [
      'P010',
      128,
      [
        [0, 128],
        [4096, 128],
      ],
    ],
    [
      'NV16',
      64,
      [
        [0, 64],
        [2048, 64],
      ],
    ],
    [
      'NV24',
      64,
      [
        [0, 64],
        [2048, 128],
      ],
    ],
    [
      'YU12',
      64,
      [
        [0, 64],
        [2048, 32],
        [2560, 32],
      ],
    ],
    [
      'YV12',
      80,
      [
        [0, 80],
        [2560, 40],
        [3200, 40],
      ],
    ],
    [
      'YU16',
      64,
      [
        [0, 64],
        [2048, 32],
        [3072, 32],
      ],
    ],
    [
      'YU24',
      64,
      [
        [0, 64],
        [2048, 64],
        [4096, 64],
      ],
    ],
    ['MJPG', 0, [[0, 0]]],
  ] as const)('%s with %d bytes a line follow each other', (format, stride, expected) => {
    const planes = planesOf({ width: WIDTH, height: HEIGHT, format, stride })
    expect(planes.map((plane) => [plane.offset, plane.stride])).toEqual(expected)
    expect(planeCount(format)).toBe(expected.length)
  })

  it('round chroma lines of an odd height up', () => {
    const layout = { width: 64, height: 31, format: 'YU12', stride: 64 }
    expect(planesOf(layout).map(({ offset }) => offset)).toEqual([0, 1984, 2496])
  })

  it('are where the layout says, if it says so', () => {
    const planes = [
      { offset: 4096, stride: 128 },
      { offset: 0, stride: 128 },
    ]
    expect(planesOf({ width: WIDTH, height: HEIGHT, format: 'NV12', planes })).toEqual(planes)
  })
})

describe('a frame of the camera', () => {
  it.each(['YU12', 'NV12', 'YUYV', 'XR24'] as const)(
    'in %s is shown as it was taken',
    async (format) => {
      const pictures = await shown(async (kernel) => {
        await using camera = await VideoDevice.open(kernel)
        await using display = await DrmDevice.open(kernel)
        using heap = DmaHeap.open(kernel)
        const wanted = { width: WIDTH, height: HEIGHT, format }
        const { sizeImage, planes } = await camera.setFormat(wanted)
        expect(planes).toHaveLength(planeCount(format))
        await camera.start(await heap.allocateBuffers(3, sizeImage))
        for await (await using frame of camera.frames({ count: 2 })) await display.show(frame)
      })
      const pixel = simulated[format]
      const expected = [0, 1].map((index) => {
        const bytes = new Uint8Array(pixel.sizeImage(WIDTH, HEIGHT))
        readFrame(source, index, pixel, bytes, pixel.bytesPerLine(WIDTH))
        return { format, bytes }
      })
      expect(pictures).toEqual(expected)
    },
  )
})

describe('a picture whose planes do not follow each other', () => {
  /** NV12 of a codec that pads to 48 lines: chroma begins later than the height says. */
  const padded: PictureLayout = {
    ...{ width: WIDTH, height: HEIGHT, format: 'NV12' },
    planes: [
      { offset: 0, stride: WIDTH },
      { offset: WIDTH * 48, stride: WIDTH },
    ],
  }

  it('is shown from where its planes are', async () => {
    const [first, second] = await shown(async (kernel) => {
      await using display = await DrmDevice.open(kernel)
      using heap = DmaHeap.open(kernel)
      using buffer = await heap.allocate(WIDTH * 72)
      await buffer.withCpuAccess('write', (bytes) => {
        bytes.fill(16, 0, WIDTH * HEIGHT)
        bytes.fill(99, WIDTH * HEIGHT, WIDTH * 48)
        bytes.fill(128, WIDTH * 48)
      })
      await display.show(buffer, padded)
      await kernel.sleep(40e6)
      await display.show(buffer, { width: WIDTH, height: HEIGHT, format: 'NV12', stride: WIDTH })
      await kernel.sleep(40e6)
    })
    const luma = WIDTH * HEIGHT
    expect(new Set(first?.bytes.subarray(0, luma))).toEqual(new Set([16]))
    expect(new Set(first?.bytes.subarray(luma))).toEqual(new Set([128]))
    expect(second?.bytes[luma]).toBe(99)
  })

  it.each([
    [[{ offset: 0, stride: 64 }], 'ERR_OUT_OF_RANGE'],
    [7, 'ERR_INVALID_ARG_TYPE'],
    [
      [
        { offset: -1, stride: 64 },
        { offset: 0, stride: 64 },
      ],
      'ERR_OUT_OF_RANGE',
    ],
    [
      [
        { offset: 0, stride: '64' },
        { offset: 0, stride: 64 },
      ],
      'ERR_INVALID_ARG_TYPE',
    ],
  ])('is refused with planes %j: %s', async (planes, code) => {
    const { value } = await runProgram(async (kernel) => {
      await using display = await DrmDevice.open(kernel)
      using heap = DmaHeap.open(kernel)
      using buffer = await heap.allocate(WIDTH * 72)
      const layout = { ...padded, planes } as PictureLayout
      return await display.show(buffer, layout).catch((error: { code: string }) => error.code)
    })
    expect(value).toBe(code)
  })
})
