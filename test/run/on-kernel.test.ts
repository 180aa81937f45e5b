/** Programs on a kernel that is there: judged by their calls alone, without a board. */
import { DmaHeap, DrmDevice, type Kernel, VideoDevice } from 'dmabuf'
import {
  type DmabufEvent,
  lazyPolicy,
  pc,
  type RunOptions,
  runProgram,
  SimKernel,
} from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'
import held from '../../examples/held-across-queueing.ts'
import pipeline from '../../examples/pipeline.ts'
import { callsAlone } from '../tap/user-events/watched.ts'

/** A kernel with the events of a real one; programs begin in a separate turn. */
function kernelOf(): NonNullable<RunOptions['kernel']> {
  return callsAlone(new SimKernel({ board: pc, policy: lazyPolicy }))
}

async function rulesOf(program: (kernel: Kernel) => unknown, options: RunOptions = {}) {
  const result = await runProgram(program, { ...options, kernel: kernelOf() })
  return { ...result, rules: result.findings.map(({ rule, where }) => ({ rule, where })) }
}

async function allocated(kernel: Kernel) {
  using heap = DmaHeap.open(kernel)
  return await heap.allocate(4096)
}

describe('a program on a kernel that is there', () => {
  it('is clean where it is right, and says what could not be checked', async () => {
    const result = await rulesOf(pipeline)
    expect(result).toMatchObject({
      board: 'linux',
      judgedAs: 'linux',
      policy: 'none',
      seed: 0,
      verdict: 'clean',
      frames: 0,
      findings: [],
      lints: [],
      notes: [],
    })
    expect(result.error).toBeUndefined()
    expect(result.cost.syscalls).toBeGreaterThan(100)
    expect(result.cost.time).toBeGreaterThan(0)
    expect(result.rulesNotCheckable).toContain('sync-is-noop')
    expect(result.rulesPartlyCheckable).toContain('write-outside-bracket')
    expect(result.rulesNotCheckable).not.toContain('fd-misuse')
  })

  it('is told what its calls show, with the line', async () => {
    const { rules, verdict } = await rulesOf(held)
    expect(verdict).toBe('findings')
    expect(rules.map(({ rule }) => rule)).toEqual(['bracket-over-dma'])
    expect(rules[0]?.where).toMatch(/held-across-queueing\.ts:\d+:\d+$/)
  })

  it('returns what it returned', async () => {
    const { value, verdict } = await rulesOf(async (kernel) => {
      using buffer = await allocated(kernel)
      return buffer.size
    })
    expect({ value, verdict }).toEqual({ value: 4096, verdict: 'clean' })
  })

  it('that imports a buffer and forgets an END is told so', async () => {
    const { rules } = await rulesOf(async (kernel) => {
      await using display = await DrmDevice.open(kernel)
      using buffer = await allocated(kernel)
      const handle = await display.primeFdToHandle(buffer)
      await buffer.startCpuAccess('write')
      await display.closeHandle(handle)
    })
    expect(rules.map(({ rule }) => rule)).toEqual(['unbalanced-bracket'])
  })

  it('that throws has failed, and leaks are not told', async () => {
    const { error, verdict, findings } = await rulesOf(async (kernel) => {
      await allocated(kernel)
      throw new RangeError('no more')
    })
    expect({ kind: error?.kind, verdict, findings }).toEqual({
      kind: 'threw',
      verdict: 'failed',
      findings: [],
    })
    expect(error?.message).toBe('the program threw: no more')
  })

  it('that leaves a call under way is told which', async () => {
    const { error } = await rulesOf(async (kernel) => {
      await using camera = await VideoDevice.open(kernel)
      void kernel.sys.poll([{ fd: 99, events: 1, revents: 0 }], 1e9).catch(() => undefined)
      return camera.path
    })
    expect(error).toMatchObject({
      kind: 'pending',
      message: expect.stringContaining('main (poll)'),
    })
  })

  it('is given up when its signal is aborted', async () => {
    const stop = new AbortController()
    const waiting = rulesOf(async () => await new Promise(() => {}), { signal: stop.signal })
    stop.abort(new Error('enough'))
    expect(await waiting).toMatchObject({ verdict: 'failed', error: { kind: 'stopped' } })
    const never = await rulesOf(() => expect.fail('it was begun'), { signal: stop.signal })
    expect(never.error?.message).toBe('the run was stopped: enough')
  })

  it('has its events told to who asks, the last one its end', async () => {
    const events: DmabufEvent[] = []
    await rulesOf(allocated, { onEvent: (event) => events.push(event) })
    const kinds = events.map(({ kind }) => kind)
    expect(kinds).toContain('export')
    expect(kinds.at(-1)).toBe('program-end')
  })

  it('is not told of rules that were switched off', async () => {
    const { rules } = await rulesOf(held, { disabledRules: ['bracket-over-dma'] })
    expect(rules).toEqual([])
  })
})

describe('options of a board', () => {
  it.each([
    { board: 'pc' },
    { as: 'arm-soc' },
    { policy: 'lazy' },
    { seed: 2 },
    { views: 'checked' },
    { drivers: [] },
    { prepare: () => {} },
    { onFrame: () => {} },
  ] satisfies RunOptions[])('are refused beside a kernel: %o', async (options) => {
    const kernel = kernelOf()
    await expect(runProgram(pipeline, { ...options, kernel })).rejects.toThrow(
      /only applies to simulated boards/,
    )
  })

  it('are how a simulated kernel is chosen', async () => {
    const kernel = new SimKernel({ board: pc, policy: lazyPolicy })
    await expect(runProgram(pipeline, { kernel })).rejects.toThrow(/name its board/)
  })
})
