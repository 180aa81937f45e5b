/** Calls that fail are choices of an exploration. */
import { DmaHeap, DrmDevice, type Kernel, VideoDevice } from 'dmabuf'
import { exploreProgram, type Program, patternSource, runProgram } from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'

const SIZE = { width: 64, height: 32 }

/** Draws and shows one picture. */
const slide =
  (draw: (buffer: Awaited<ReturnType<DmaHeap['allocate']>>) => Promise<void>): Program =>
  async (kernel: Kernel) => {
    await using display = await DrmDevice.open(kernel)
    using heap = DmaHeap.open(kernel)
    const layout = { ...SIZE, format: 'XR24', stride: SIZE.width * 4 } as const
    using buffer = await heap.allocate(layout.stride * SIZE.height)
    await draw(buffer)
    await display.show(buffer, layout)
  }

const careless = slide(async (buffer) => {
  using map = buffer.map()
  await buffer.startCpuAccess('write').catch(() => {})
  map.fill(1)
  await buffer.endCpuAccess('write')
})

const careful = slide((buffer) => buffer.withCpuAccess('write', (bytes) => void bytes.fill(1)))

const captures: Program = async (kernel) => {
  await using camera = await VideoDevice.open(kernel)
  await using display = await DrmDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  const { sizeImage } = await camera.setFormat({ ...SIZE, format: 'XR24' })
  await camera.start(await heap.allocateBuffers(3, sizeImage))
  for await (await using frame of camera.frames({ count: 4 })) await display.show(frame)
}

const once = { bound: 1, failures: true, source: patternSource(SIZE.width, SIZE.height) }

describe('exploreProgram with failures', () => {
  it('finds a result that is ignored only when the call fails, and names the call', async () => {
    const { findings, errors } = await exploreProgram(careless, once)
    const [found] = findings
    expect(new Set(findings.map(({ item }) => item.rule))).toEqual(new Set(['sync-result-ignored']))
    expect(found?.failures).toHaveLength(1)
    expect(found?.failures?.[0]?.call).toMatch(/^(DMA_BUF_IOCTL_SYNC|begin_cpu_access)$/)
    expect(errors).toEqual([])
    const again = await runProgram(careless, { source: once.source, schedule: found?.schedule })
    expect(again.findings.map(({ rule }) => rule)).toContain('sync-result-ignored')
    expect(again.failures).toEqual(found?.failures)
  })

  it('finds nothing where failures are answered by throwing', async () => {
    const { findings, errors, runs } = await exploreProgram(careful, once)
    expect([findings, errors]).toEqual([[], []])
    expect(runs).toBeGreaterThan(20)
  })

  it('without the option lets no call fail', async () => {
    const { findings } = await exploreProgram(careless, { bound: 1, source: once.source })
    expect(findings).toEqual([])
  })

  it('finds that frames go back to the camera only when the display has let them go', async () => {
    const { findings, errors } = await exploreProgram(captures, { ...once, limit: 2000 })
    expect([findings, errors]).toEqual([[], []])
  }, 120_000)
})

describe('a START that the exporter refuses', () => {
  const refused = {
    source: once.source,
    prepare: (kernel: { fail(call: string, nth: number, code: 'EIO'): void }) =>
      kernel.fail('begin_cpu_access', 1, 'EIO'),
  }

  it('is a failed START: a program that goes on is reported for that', async () => {
    const { findings } = await runProgram(careless, refused)
    expect(findings.map(({ rule }) => rule)).toEqual(['sync-result-ignored', 'sync-result-ignored'])
    expect(findings[0]?.because.text).toContain('failed with EIO')
  })

  it('is no finding in a program that gives up', async () => {
    const { findings, error } = await runProgram(careful, refused)
    expect(findings).toEqual([])
    expect(error?.message).toContain('EIO')
  })
})
