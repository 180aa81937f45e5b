/** Devices that use the same bytes at the same time, in whole programs. */
import { DmaHeap, DrmDevice, type Kernel, VideoDevice } from 'dmabuf'
import type { Driver } from 'dmabuf/driver'
import { boards, patternSource } from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'
import { Engine, engine, type Job } from './engine.ts'
import { tell } from './harness.ts'

const SIZE = 8192
const LONG = 500_000
const SHORT = 1000
const drivers: readonly Driver[] = [engine('one'), engine('two')]

interface Uses {
  readonly first: 'fill' | 'sum'
  readonly second: 'fill' | 'sum'
  readonly sameDevice?: boolean
  readonly firstJob?: Job
  readonly secondJob?: Job
  /** The second begins when the first is back. */
  readonly inTurn?: boolean
}

/** A long job, and a short one that begins while it is under way. */
const overlapping = (uses: Uses) => async (kernel: Kernel) => {
  using heap = DmaHeap.open(kernel)
  using one = new Engine(kernel, 'one')
  using two = new Engine(kernel, uses.sameDevice === true ? 'one' : 'two')
  using buffer = await heap.allocate(SIZE)
  await buffer.withCpuAccess('write', (bytes) => bytes.fill(1))
  const run = async (device: Engine, does: 'fill' | 'sum', job: Job): Promise<void> => {
    if (does === 'fill') await device.fill(buffer, 9, job)
    else await device.sum(buffer, job)
  }
  const first = kernel.spawn('first', () =>
    run(one, uses.first, { duration: LONG, ...uses.firstJob }),
  )
  if (uses.inTurn === true) await first
  else await kernel.sleep(LONG / 5)
  await run(two, uses.second, { duration: SHORT, ...uses.secondJob })
  await first
}

const FIRST = { start: 0, end: SIZE / 2 }
const SECOND = { start: SIZE / 2, end: SIZE }

const flagged: readonly [string, Uses, string][] = [
  ['reads while another writes', { first: 'fill', second: 'sum' }, 'missing-wait'],
  ['writes while another reads', { first: 'sum', second: 'fill' }, 'early-reuse'],
  ['writes while another writes', { first: 'fill', second: 'fill' }, 'missing-wait'],
  [
    'reads a part of what another writes',
    { first: 'fill', second: 'sum', secondJob: { start: 4000, end: 4100 } },
    'missing-wait',
  ],
]

const right: readonly [string, Uses][] = [
  ['reads when the writer is back', { first: 'fill', second: 'sum', inTurn: true }],
  ['writes when the reader is back', { first: 'sum', second: 'fill', inTurn: true }],
  ['reads while another reads', { first: 'sum', second: 'sum' }],
  [
    'reads other bytes than another writes',
    { first: 'fill', second: 'sum', firstJob: FIRST, secondJob: SECOND },
  ],
  [
    'writes other bytes than another writes',
    { first: 'fill', second: 'fill', firstJob: FIRST, secondJob: SECOND },
  ],
  ['reads what it writes itself', { first: 'fill', second: 'sum', sameDevice: true }],
]

describe.each([...boards.values()])('on $name, a device', (board) => {
  it.each(flagged)('%s: one finding', async (_what, uses, rule) => {
    const { findings } = await tell(overlapping(uses), drivers, { board })
    expect(findings.map((finding) => finding.rule)).toEqual([rule])
    expect(findings[0]?.where).toMatch(/engine\.ts/)
    expect(findings[0]?.related[0]?.where).toMatch(/engine\.ts/)
  })

  it.each(right)('%s: clean', async (_what, uses) => {
    const { findings } = await tell(overlapping(uses), drivers, { board })
    expect(findings).toEqual([])
  })
})

describe('a display', () => {
  const source = patternSource(64, 32)

  /** Shows a buffer while the camera has it, or once the camera has returned it. */
  const showing = (isEarly: boolean) => async (kernel: Kernel) => {
    await using camera = await VideoDevice.open(kernel)
    await using display = await DrmDevice.open(kernel)
    using heap = DmaHeap.open(kernel)
    const format = await camera.setFormat({ width: 64, height: 32, format: 'XR24' })
    const buffers = await heap.allocateBuffers(2, format.sizeImage)
    const [first] = buffers
    await camera.start(buffers)
    if (!isEarly) await camera.stop()
    if (first !== undefined) await display.show(first, format)
    await kernel.sleep(100_000_000)
    if (isEarly) await camera.stop()
    for (const buffer of buffers) buffer[Symbol.dispose]()
  }

  it.each(['pc', 'arm-soc'])(
    'shows what the camera has queued: one finding on %s',
    async (name) => {
      const board = boards.get(name)
      const { findings } = await tell(showing(true), [], { board, source })
      expect(findings.map(({ rule }) => rule)).toEqual(['missing-wait'])
      expect(findings[0]?.message).toMatch(/display reads .* while camera has the buffer queued/)
      expect(findings[0]?.related.map(({ label }) => label)).toEqual(['camera got the buffer here'])
    },
  )

  it('shows what the camera gave back: clean', async () => {
    const { findings } = await tell(showing(false), [], { source })
    expect(findings).toEqual([])
  })
})
