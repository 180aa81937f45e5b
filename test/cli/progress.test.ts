import { runProgram } from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'
import pipeline from '../../examples/pipeline.ts'
import { PROGRESS_BYTES, ProgressCounters } from '../../src/cli/runs/messages.ts'
import { progressText } from '../../src/cli/terminal/progress.ts'
import { listenToFrameCounts } from '../../src/syscalls/watching.ts'

const plan = { board: 'pc', judgedAs: 'arm-soc', policy: 'lazy', seed: 1 } as const

describe('progress of a run', () => {
  it('names the last frame when the program has said how many it captures', async () => {
    const counters = new ProgressCounters(new SharedArrayBuffer(PROGRESS_BYTES))
    const texts = new Set<string>()
    await runProgram(pipeline, {
      prepare: ({ sys }) => listenToFrameCounts(sys, (count) => counters.expectFrames(count)),
      onFrame: ({ first }) => {
        if (first) counters.frame()
        texts.add(progressText(plan, counters.now, 5))
      },
    })
    expect([...texts][0]).toBe('pc-lazy: frame 1 of 24, 0 ms virtual, 5 calls/s')
    expect([...texts].at(-1)).toBe('pc-lazy: frame 24 of 24, 0 ms virtual, 5 calls/s')
  })

  it('has no last frame when the program captures without end', () => {
    const read = { calls: 9, events: 9, frames: 3, expectedFrames: 0, time: 2e6 }
    expect(progressText(plan, read, 7)).toBe('pc-lazy: frame 3, 2 ms virtual, 7 calls/s')
  })

  it('has no frame before the first one is shown', () => {
    const read = { calls: 9, events: 9, frames: 0, expectedFrames: 24, time: 2e6 }
    expect(progressText(plan, read, 7)).toBe('pc-lazy: 2 ms virtual, 7 calls/s')
  })
})
