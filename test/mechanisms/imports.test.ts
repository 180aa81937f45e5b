/** Importers that map for each use, in place of keeping their mapping. */
import { DmaHeap, DrmDevice, type Kernel, VideoDevice } from 'dmabuf'
import { type DmabufEvent, patternSource, readyBoards, runProgram, shootdownHeap } from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'
import pipeline from '../../examples/pipeline.ts'

const SIZE = { width: 64, height: 32 }
const LAYOUT = { ...SIZE, format: 'XR24', stride: SIZE.width * 4 } as const
const common = { imports: 'per-use', source: patternSource(SIZE.width, SIZE.height) } as const

/** Maps and unmaps by `device`, and the calls of the program between them. */
function logOf(events: readonly DmabufEvent[], device: string): string[] {
  return events.flatMap((event) => {
    if (event.kind === 'dma-map' && event.device === device) return ['map']
    if (event.kind === 'dma-unmap' && event.device === device) return ['unmap']
    const isCall = event.kind === 'call' && event.phase === 'enter'
    return isCall && /IOC_QBUF|SETCRTC|PAGE_FLIP|FD_TO_HANDLE/.test(event.name) ? [event.name] : []
  })
}

async function eventsOf(
  program: (kernel: Kernel) => Promise<void>,
  options: Parameters<typeof runProgram>[1] = {},
): Promise<{ events: DmabufEvent[]; error: string | undefined; rules: string[] }> {
  const events: DmabufEvent[] = []
  const { error, findings } = await runProgram(program, {
    ...common,
    ...options,
    onEvent: (event) => events.push(event),
  })
  return { events, error: error?.message, rules: findings.map(({ rule }) => rule) }
}

async function shows(kernel: Kernel): Promise<void> {
  await using display = await DrmDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  using first = await heap.allocate(LAYOUT.stride * LAYOUT.height)
  using second = await heap.allocate(LAYOUT.stride * LAYOUT.height)
  for (const buffer of [first, second, second]) await display.show(buffer, LAYOUT)
}

async function captures(kernel: Kernel): Promise<void> {
  await using camera = await VideoDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  const { sizeImage } = await camera.setFormat({ ...SIZE, format: 'XR24' })
  await camera.start(await heap.allocateBuffers(1, sizeImage))
  for await (await using frame of camera.frames({ count: 2 })) void frame
}

describe('a display that maps for each use', () => {
  it('has a buffer mapped from the call that shows it until another has replaced it', async () => {
    const { events, error, rules } = await eventsOf(shows)
    expect([error, rules]).toEqual([undefined, []])
    expect(logOf(events, 'display')).toEqual([
      ...['DRM_IOCTL_PRIME_FD_TO_HANDLE', 'DRM_IOCTL_MODE_SETCRTC', 'map'],
      ...['DRM_IOCTL_PRIME_FD_TO_HANDLE', 'DRM_IOCTL_MODE_PAGE_FLIP', 'map', 'unmap'],
      // The same buffer again, and once more before the screen goes dark: it stays mapped.
      ...['DRM_IOCTL_MODE_PAGE_FLIP', 'DRM_IOCTL_MODE_PAGE_FLIP'],
      ...['DRM_IOCTL_MODE_SETCRTC', 'unmap'],
    ])
  })

  it('passes on the error of an exporter that cannot map, and holds nothing', async () => {
    const { events, error } = await eventsOf(shows, {
      prepare: (kernel) => kernel.fail('map_dma_buf', 2, 'ENOMEM'),
    })
    expect(error).toMatch(/ENOMEM.*DRM_IOCTL_MODE_PAGE_FLIP/)
    const count = (kind: string): number => events.filter((event) => event.kind === kind).length
    expect(count('dma-unmap')).toBe(count('dma-map'))
    expect(count('detach')).toBe(count('attach'))
    expect(count('release')).toBe(count('export'))
  })
})

describe('a camera that maps for each use', () => {
  it('has a buffer mapped while it is queued', async () => {
    const { events, error, rules } = await eventsOf(captures)
    expect([error, rules]).toEqual([undefined, []])
    const turn = ['VIDIOC_QBUF', 'map', 'unmap']
    // The last frame goes back to the queue, and the stream ends.
    expect(logOf(events, 'camera')).toEqual([...turn, ...turn, ...turn])
  })
})

describe('the pipeline with importers that map for each use', () => {
  it.each([...readyBoards.keys()].filter((name) => name !== 'arm-soc-cma'))(
    'is clean on %s',
    async (board) => {
      const { findings, error, wrongFrames } = await runProgram(pipeline, {
        board,
        imports: 'per-use',
      })
      expect([findings, error, wrongFrames]).toEqual([[], undefined, 0])
    },
  )

  it('is clean on arm-soc under the shootdown too, which kept mappings break', async () => {
    const run = async (imports: 'kept' | 'per-use') => {
      const systemHeap = shootdownHeap('system')
      const { findings } = await runProgram(pipeline, { imports, systemHeap })
      return [...new Set(findings.map(({ rule }) => rule))]
    }
    expect(await run('per-use')).toEqual([])
    expect(await run('kept')).toEqual(['import-not-renewed'])
  })
})
