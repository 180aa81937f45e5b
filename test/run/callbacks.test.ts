/** Errors of the caller's own functions end a run as an error of the program does. */
import { DmaHeap, DrmDevice, type Kernel, VideoDevice } from 'dmabuf'
import { type FrameSource, patternSource, type RunOptions, runProgram } from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'

/** Shows frames for ever. */
async function endless(kernel: Kernel): Promise<void> {
  await using camera = await VideoDevice.open(kernel)
  await using display = await DrmDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  const format = await camera.setFormat({ width: 64, height: 32, format: 'XR24' })
  await camera.start(await heap.allocateBuffers(3, format.sizeImage))
  for await (await using frame of camera.frames()) await display.show(frame)
}

const source = patternSource(64, 32)
const failing = (frame: FrameSource['frame']): FrameSource => ({ ...source, frame })

describe('a callback of the caller’s that throws', () => {
  it.each<[name: string, options: RunOptions]>([
    ['onFrame', { source, onFrame: () => fail() }],
    ['onEvent', { source, onEvent: ({ kind }) => (kind === 'attach' ? fail() : undefined) }],
    ['source.frame', { source: failing((index) => (index < 2 ? source.frame(index) : fail())) }],
    ['prepare', { source, prepare: () => fail() }],
  ])('%s ends the run, once, as its own error', async (name, options) => {
    const { verdict, error } = await runProgram(endless, options)
    expect(verdict).not.toBe('clean')
    expect(error).toMatchObject({ kind: 'threw', message: `${name} threw: not this one` })
    expect(error?.cause).toBeInstanceOf(RangeError)
  })

  it('is not called again', async () => {
    let calls = 0
    const onFrame = () => {
      calls++
      throw new Error('always')
    }
    await runProgram(endless, { source, onFrame })
    expect(calls).toBe(1)
  })

  it('onEvent fails a run whose program has returned already', async () => {
    const { verdict, error, value } = await runProgram(() => 7, {
      onEvent: ({ kind }) => (kind === 'program-end' ? fail() : undefined),
    })
    expect([verdict, error?.message, value]).toEqual([
      'failed',
      'onEvent threw: not this one',
      undefined,
    ])
  })

  it('a source whose picture is too short says how long it must be', async () => {
    const { error } = await runProgram(endless, { source: failing(() => new Uint8Array(5)) })
    expect(error?.message).toMatch(
      /frame\(0\) returned 5 bytes: a 64x32 YU12 image is a Uint8Array of 3072 bytes/,
    )
  })
})

function fail(): never {
  throw new RangeError('not this one')
}
