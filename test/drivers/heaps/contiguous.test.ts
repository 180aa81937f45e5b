/** Devices that take memory in one piece, and the heap that has it. */
import { describe, expect, it } from 'vitest'
import { MAP_PRIVATE, O_RDWR, PROT_READ } from '../../../src/abi/fcntl.ts'
import { boardNamed } from '../../../src/boards/index.ts'
import { DmaHeap } from '../../../src/user/dma-heap.ts'
import { DrmDevice } from '../../../src/user/drm-device.ts'
import { Memfd } from '../../../src/user/memfd.ts'
import { Udmabuf } from '../../../src/user/udmabuf.ts'
import { VideoDevice } from '../../../src/user/video-device.ts'
import { allocate, PAGE, start } from '../../sim/rig.ts'

const MIB = 2 ** 20
const WIDTH = 320
const layout = { width: WIDTH, height: 180, format: 'XR24', bytesPerLine: 4 * WIDTH }
const SIZE = WIDTH * 180 * 4

async function codeOf(call: () => Promise<unknown>): Promise<string> {
  try {
    await call()
    return 'ok'
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  }
}

/** The answer of the display and of the camera to buffers of a heap. */
async function answers(board: string, heapName: string): Promise<string[]> {
  const kernel = start({ board: boardNamed(board) })
  await using display = await DrmDevice.open(kernel)
  await using camera = await VideoDevice.open(kernel)
  using heap = DmaHeap.open(kernel, heapName)
  const { sizeImage } = await camera.setFormat({ width: 640, height: 360, format: 'XR24' })
  using buffer = await heap.allocate(SIZE)
  const buffers = await heap.allocateBuffers(2, sizeImage)
  return [
    await codeOf(async () => {
      await using _imported = await display.importBuffer(buffer)
    }),
    await codeOf(() => camera.start(buffers)),
  ]
}

describe('a camera and a display without a scatter list', () => {
  it.each([
    ['arm-soc-cma', 'system', ['EINVAL', 'EFAULT']],
    ['arm-soc-cma', 'linux,cma', ['ok', 'ok']],
    ['arm-soc', 'system', ['ok', 'ok']],
    ['arm-soc-iommu', 'system', ['ok', 'ok']],
    ['arm-soc-iommu', 'linux,cma', ['ok', 'ok']],
    ['rpi4', 'linux,cma', ['ok', 'ok']],
  ])('on %s answer buffers of the heap %s: %j', async (board, heap, expected) => {
    expect(await answers(board, heap)).toEqual(expected)
  })

  it('take scattered memory through an IOMMU, which makes it one piece', async () => {
    const base = boardNamed('arm-soc-iommu')
    const display = { snoops: false, iommu: true, contiguous: true }
    const board = { ...base, devices: { ...base.devices, display } }
    const kernel = start({ board })
    await using card = await DrmDevice.open(kernel)
    using buffer = await scattered(kernel)
    expect(await codeOf(() => card.show(buffer, layout))).toBe('ok')
  })

  it('take a buffer of several pieces that follow each other, and none that do not', async () => {
    const kernel = start({ board: boardNamed('arm-soc-cma') })
    await using card = await DrmDevice.open(kernel)
    using memfd = Memfd.create(kernel, 'pages', 16 * PAGE, { seals: ['shrink'] })
    using udmabuf = Udmabuf.open(kernel)
    const part = (page: number) => ({ memfd, offset: page * PAGE, size: PAGE })
    // The memfd of a fragmented board is one piece of 64 KiB.
    using inOrder = await udmabuf.createList([part(0), part(1), part(2)])
    using backwards = await udmabuf.createList([part(2), part(1), part(0)])
    using withGap = await udmabuf.createList([part(0), part(2)])
    const answer = (buffer: typeof inOrder) =>
      codeOf(async () => {
        await using _imported = await card.importBuffer(buffer)
      })
    expect(await answer(inOrder)).toBe('ok')
    expect(await answer(backwards)).toBe('EINVAL')
    expect(await answer(withGap)).toBe('EINVAL')
  })

  it('leave nothing behind where they refuse', async () => {
    const kernel = start({ board: boardNamed('arm-soc-cma') })
    const open: string[] = []
    kernel.events.listen((event) => {
      if (event.kind === 'attach' || event.kind === 'dma-map') open.push(event.kind)
      if (event.kind === 'detach' || event.kind === 'dma-unmap') open.pop()
    })
    await using card = await DrmDevice.open(kernel)
    await using camera = await VideoDevice.open(kernel)
    const { sizeImage } = await camera.getFormat()
    using heap = DmaHeap.open(kernel)
    using buffer = await heap.allocate(SIZE)
    expect(await codeOf(() => card.show(buffer, layout))).toBe('EINVAL')
    expect(await codeOf(async () => camera.start(await heap.allocateBuffers(2, sizeImage)))).toBe(
      'EFAULT',
    )
    expect(open).toEqual([])
  })
})

describe('the heap of contiguous memory', () => {
  it('is there where the board has a region for it, under the name of the region', () => {
    const path = '/dev/dma_heap/linux,cma'
    for (const [board, isThere] of [
      ['arm-soc', true],
      ['arm-soc-cma', true],
      ['rpi4', true],
      ['pc', false],
    ] as const) {
      expect(start({ board: boardNamed(board) }).sys.open(path, O_RDWR) > 0, board).toBe(isThere)
    }
    const { cma: _cma, ...without } = boardNamed('arm-soc')
    expect(start({ board: without }).sys.open(path, O_RDWR)).toBeLessThan(0)
    const named = { ...without, cma: { size: 4 * MIB, name: 'reserved' } }
    expect(start({ board: named }).sys.open('/dev/dma_heap/reserved', O_RDWR)).toBeGreaterThan(0)
  })

  it('gives one piece, and ENOMEM where the region has none of that length', async () => {
    const base = boardNamed('arm-soc')
    const kernel = start({ board: { ...base, cma: { size: 4 * MIB, name: 'linux,cma' } } })
    using heap = DmaHeap.open(kernel, 'linux,cma')
    using first = await heap.allocate(MIB + 1)
    using _second = await heap.allocate(MIB)
    expect(await codeOf(() => heap.allocate(2 * MIB))).toBe('ENOMEM')
    first.close()
    using third = await heap.allocate(2 * MIB)
    expect(third.size).toBe(2 * MIB)
    // Memory for everyone else is not taken from the region.
    expect(await allocate(kernel, MIB)).toBeGreaterThan(0)
  })

  it('is not mapped MAP_PRIVATE, not even a page', async () => {
    const kernel = start()
    using heap = DmaHeap.open(kernel, 'linux,cma')
    using buffer = await heap.allocate(PAGE)
    expect(kernel.sys.mmap(PAGE, PROT_READ, MAP_PRIVATE, buffer.fd, 0)).toBe(-22)
  })
})

async function scattered(kernel: ReturnType<typeof start>) {
  using udmabuf = Udmabuf.open(kernel)
  const pages = Math.ceil(SIZE / PAGE)
  using memfd = Memfd.create(kernel, 'pages', 2 * pages * PAGE, { seals: ['shrink'] })
  return await udmabuf.createList(
    Array.from({ length: pages }, (_, i) => ({ memfd, offset: 2 * i * PAGE, size: PAGE })),
  )
}
