import { describe, expect, it } from 'vitest'
import { callerOf, stackOfProgram } from '../../src/check/model/program-frames.ts'

const stack = (...frames: string[]): string =>
  ['Error', ...frames.map((f) => `    at ${f}`)].join('\n')

const HOST_FRAMES = [
  'process.processTicksAndRejections (node:internal/process/task_queues:95:5)',
  'node:internal/main/run_main_module:23:47',
  'async node:internal/main/worker_thread:12:3',
  'processTicksAndRejections (native:7:39)',
  'eventLoopTick (ext:core/01_core.js:178:7)',
]

describe('the stack of a program', () => {
  it.each(HOST_FRAMES)('is the same with and without %s', (host) => {
    const inner = 'read (/p/a.ts:1:2)'
    const outer = 'async main (/p/b.ts:3:4)'
    expect(stackOfProgram({ stack: stack(inner, host, outer) })).toBe(stack(inner, outer))
  })

  it.each([
    'main (/p/my node:x/b.ts:3:4)',
    'main (/p/node_modules/@internal/pkg/b.js:3:4)',
    '/p/internal/b.ts:3:4',
    'main (/p/native:3:4)',
  ])('keeps %s', (frame) => {
    expect(stackOfProgram({ stack: stack(frame) })).toBe(stack(frame))
  })

  it('is empty where the stack was not captured', () => {
    expect(stackOfProgram({})).toBe('')
  })
})

describe('the caller of a line', () => {
  it('is the frame below it', () => {
    const origin = { stack: stack('read (/p/a.ts:1:2)', 'main (/p/b.ts:3:4)') }
    expect(callerOf(origin)).toEqual({ stack: '    at main (/p/b.ts:3:4)' })
  })

  it.each([...HOST_FRAMES, 'async main (/p/b.ts:3:4)'])('is not %s', (below) => {
    const origin = { stack: stack('read (/p/a.ts:1:2)', below, 'main (/p/b.ts:3:4)') }
    expect(callerOf(origin)).toBeUndefined()
  })
})
