/**
 * Every unwind path of our own drivers, and of the classes above them: each call, and each place
 * inside the kernel that can fail, fails once; nothing is left over, and nothing is released twice.
 */
import { DmaHeap, DrmDevice, type Kernel, Memfd, Udmabuf, VideoDevice } from 'dmabuf'
import {
  type EveryFailureResult,
  type ImportMapping,
  mechanisms,
  type Program,
  patternSource,
  runEveryFailure,
} from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'
import { pipeline } from '../user/pipeline.ts'

const source = patternSource(64, 32)
const PAGE = 4096

/** All that a heap's buffer can do without a device. */
async function heapAlone(kernel: Kernel): Promise<void> {
  using heap = DmaHeap.open(kernel)
  using buffer = await heap.allocate(2 * PAGE)
  using copy = buffer.dup()
  using map = buffer.map()
  await copy.withCpuAccess('write', () => map.fill(1))
}

/** The camera's and the display's own allocations, each shared with the other. */
async function ownMemory(kernel: Kernel): Promise<void> {
  await using camera = await VideoDevice.open(kernel)
  await using display = await DrmDevice.open(kernel)
  // With fewer than it asked for, a program would wait for a frame that nothing is queued for.
  if ((await camera.startMmap(3)).length < 3) throw new Error('too few buffers')
  for await (await using frame of camera.frames({ count: 2 })) await display.show(frame)
  await using dumb = await display.createDumb({ width: 64, height: 32 })
  {
    using map = await dumb.map()
    map.fill(1, 0, 64)
  }
  using buffer = await dumb.exportBuffer()
  await using _first = await display.importBuffer(buffer)
  await using _second = await display.importBuffer(buffer)
  await display.show(buffer, { width: 64, height: 32, format: 'XR24', bytesPerLine: dumb.pitch })
}

/** The camera and the display share memfds. */
async function overMemfds(kernel: Kernel): Promise<void> {
  await using camera = await VideoDevice.open(kernel)
  const { sizeImage } = await camera.setFormat({ width: 64, height: 32, format: 'XR24' })
  using udmabuf = Udmabuf.open(kernel)
  using memfd = Memfd.create(kernel, 'frames', 3 * sizeImage, { seals: ['shrink'] })
  using first = await udmabuf.create(memfd, { offset: 0, size: sizeImage })
  using second = await udmabuf.createList([
    { memfd, offset: sizeImage, size: PAGE },
    { memfd, offset: 2 * sizeImage, size: sizeImage - PAGE },
  ])
  // udmabuf maps for importers without cache work: an END cleans the lines of the clearing.
  for (const buffer of [first, second]) {
    await using cpu = await buffer.beginCpuAccess('write')
    cpu.fill(0)
  }
  await camera.start([first, second])
  for await (await using frame of camera.frames({ count: 2 })) {
    await frame.buffer.withCpuAccess('read', (bytes) => bytes.slice(0, 4))
  }
}

interface Driven {
  readonly name: string
  readonly program: Program
  readonly board: string
  readonly imports?: ImportMapping
  /** The mechanism of the system heap. */
  readonly mechanism?: string
  /** Places inside the kernel that it passes; `runEveryFailure` must find them by itself. */
  readonly inside: readonly string[]
}

const importing = ['alloc_pages', 'dma_buf_export', 'get_unused_fd_flags', 'attach', 'map_dma_buf']
const syncing = ['begin_cpu_access', 'end_cpu_access', 'dma_map_sgtable']

const driven: readonly Driven[] = [
  {
    name: 'the heap alone',
    program: heapAlone,
    board: 'arm-soc',
    inside: ['alloc_pages', 'dma_buf_export', 'get_unused_fd_flags', 'begin_cpu_access'],
  },
  {
    name: 'heap, camera and display',
    program: (kernel) => pipeline(kernel, 2),
    board: 'arm-soc',
    inside: [...importing, ...syncing],
  },
  {
    name: 'heap, camera and display, behind IOMMUs',
    program: (kernel) => pipeline(kernel, 1),
    board: 'pc',
    inside: [...importing, ...syncing],
  },
  {
    name: 'heap, camera and display, with every transfer bounced',
    program: (kernel) => pipeline(kernel, 1),
    board: 'pc-bounce',
    inside: [...importing, ...syncing, 'swiotlb_tbl_map_single'],
  },
  {
    name: 'heap, camera and display, which map for each use',
    program: (kernel) => pipeline(kernel, 2),
    board: 'arm-soc',
    imports: 'per-use',
    inside: ['alloc_pages', 'dma_buf_export', 'attach', 'map_dma_buf', 'begin_cpu_access'],
  },
  {
    name: 'heap, camera and display, under the shootdown',
    program: (kernel) => pipeline(kernel, 2),
    board: 'arm-soc',
    imports: 'per-use',
    mechanism: 'shootdown',
    inside: ['alloc_pages', 'dma_buf_export', 'attach', 'map_dma_buf', 'dma_map_sgtable'],
  },
  {
    name: 'heap, camera and display, in uncached memory',
    program: (kernel) => pipeline(kernel, 2),
    board: 'arm-soc',
    mechanism: 'uncached',
    inside: ['alloc_pages', 'dma_buf_export', 'attach', 'map_dma_buf', 'dma_map_sgtable'],
  },
  {
    name: 'heap, camera and display, with temporary copies',
    program: (kernel) => pipeline(kernel, 2),
    board: 'arm-soc',
    mechanism: 'temporary-copy',
    inside: ['alloc_pages', 'dma_buf_export', 'attach', 'map_dma_buf', 'begin_cpu_access'],
  },
  {
    name: 'what the camera and the display allocate',
    program: ownMemory,
    board: 'arm-soc',
    inside: ['dma_alloc_coherent', ...importing],
  },
  {
    name: 'udmabufs',
    program: overMemfds,
    board: 'arm-soc',
    inside: ['kmalloc', 'memfd_pin_folios', 'copy_from_user', ...importing, ...syncing],
  },
]

describe.each(driven)('$name, on $board', ({ program, board, imports, mechanism, inside }) => {
  let result: EveryFailureResult | undefined

  it('leaves nothing behind, gives nothing back twice and hangs nowhere', async () => {
    const systemHeap = mechanisms.find(({ name }) => name === mechanism)?.heap?.('system')
    result = await runEveryFailure(program, { source, board, imports, systemHeap })
    const bad = result.bad.map(({ call, nth, end, leaks, leakedBytes, findings, error }) => {
      const held = leaks.map(({ what }) => what)
      return { call, nth, end, error, held, leakedBytes, told: findings.map((one) => one.message) }
    })
    expect(bad).toEqual([])
    expect(result.baseline.findings).toEqual([])
  }, 120_000)

  it('though each place in it has failed, inside the kernel too', () => {
    const failed = new Set(result?.outcomes.map(({ call }) => call))
    expect([...failed]).toEqual(expect.arrayContaining([...inside]))
    // A swallowed failure would prove nothing.
    const noticed = result?.outcomes.filter(({ end }) => end === 'threw') ?? []
    expect(inside.filter((place) => !noticed.some(({ call }) => call === place))).toEqual([])
  })
})
