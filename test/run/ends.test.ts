/** How programs end that do not simply return, and options that no run can have. */
import type { Kernel } from 'dmabuf'
import { patternSource, type RunOptions, runProgram } from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'

const WAITS_LONG = 20_000
const source = patternSource(64, 32)

describe('a program that waits with a signal', () => {
  it(
    'that nobody aborts is told that it waits elsewhere',
    async () => {
      const { signal } = new AbortController()
      const { error, verdict } = await runProgram((kernel) => wait(kernel, signal))
      expect(verdict).toBe('failed')
      expect(error?.kind).toBe('waits-elsewhere')
      expect(error?.message).toMatch(
        /the program waits for a frame of \/dev\/video0.*its signal is never aborted/,
      )
    },
    WAITS_LONG,
  )

  it('that another task aborts goes on', async () => {
    const { value, error } = await runProgram(async (kernel) => {
      using stopped = new Stopper()
      const stop = kernel.spawn('stopper', async () => {
        await kernel.sleep(1000)
        stopped.now()
      })
      const result = await wait(kernel, stopped.signal)
      await stop
      return result
    })
    expect([value, error]).toEqual([-4, undefined])
  })

  it('that the host aborts soon goes on', async () => {
    const { value, error } = await runProgram((kernel) => wait(kernel, AbortSignal.timeout(100)))
    expect([value, error]).toEqual([-4, undefined])
  })
})

class Stopper implements Disposable {
  readonly #controller = new AbortController()

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  now(): void {
    this.#controller.abort()
  }

  [Symbol.dispose](): void {
    this.now()
  }
}

async function wait(kernel: Kernel, signal: AbortSignal): Promise<number> {
  const fd = kernel.sys.open('/dev/video0', 2)
  const result = await kernel.sys.poll([{ fd, events: 2, revents: 0 }], -1, { signal })
  kernel.sys.close(fd)
  return result
}

describe('a task that fails', () => {
  it('before it is awaited fails where it is awaited', async () => {
    const { value, error } = await runProgram(async (kernel) => {
      const failing = kernel.spawn('early', () => Promise.reject(new Error('too early')))
      await kernel.sleep(5000)
      return await failing.catch((reason: Error) => reason.message)
    })
    expect([value, error]).toEqual(['too early', undefined])
  })

  it('and is never awaited makes the program fail', async () => {
    const { error, verdict } = await runProgram(async (kernel) => {
      void kernel.spawn('lost', () => Promise.reject(new Error('unseen')))
      await kernel.sleep(5000)
    })
    expect(verdict).toBe('failed')
    expect(error).toMatchObject({
      kind: 'threw',
      message: "task 'lost', which was never awaited, threw: unseen",
    })
  })

  it('is awaited like any promise', async () => {
    const { value } = await runProgram(async (kernel) => {
      const fine = kernel.spawn('fine', async () => 7)
      const failing = kernel.spawn('failing', () => Promise.reject(new Error('x')))
      return await Promise.allSettled([fine, failing.finally(() => {})])
    })
    expect(value).toMatchObject([{ value: 7 }, { status: 'rejected' }])
  })
})

describe('runProgram', () => {
  it.each<[string, object | null, RegExp]>([
    [
      'an unknown option',
      { polcy: 'lazy' },
      /"options" has only the options board, as.* Received 'polcy'/,
    ],
    [
      'a seed that is no integer',
      { seed: 1.5 },
      /"options.seed" is out of range. It must be an integer >= 0 .* Received 1.5/,
    ],
    ['a seed below zero', { seed: -1 }, /Received -1/],
    ['a seed beyond 32 bits', { seed: 2 ** 32 }, /Received 4294967296/],
    [
      'a seed that is a text',
      { seed: '7' },
      /"options.seed" argument must be of type number. Received type string \('7'\)/,
    ],
    ['options that are none', null, /"options" argument must be of type object. Received null/],
    ['a board that is none', { board: null }, /"options.board".* Received null/],
    ['a source that is none', { source: {} }, /"options.source" argument must be a FrameSource/],
    ['an odd width', { source: { ...source, width: 63 } }, /"options.source.width".*even/],
    ['no frames', { source: { ...source, frameCount: 0 } }, /"options.source.frameCount"/],
    ['drivers that are no array', { drivers: {} }, /"options.drivers" argument must be an array/],
    ['a judged board that is none', { as: 5 }, /"options.as"/],
    ['an onFrame that cannot be called', { onFrame: 5 }, /"options.onFrame".*of type function/],
    [
      'a rule that there is not',
      { disabledRules: ['nope'] },
      /"options.disabledRules\[\]".*'nope'/,
    ],
    ['a signal that is none', { signal: {} }, /"options.signal" argument must be an AbortSignal/],
    ['a policy that there is not', { policy: 'x' }, /must be one of 'lazy', 'eager', 'random'/],
    [
      'unknown views',
      { views: 'slow' },
      /"options.views" must be one of 'raw', 'checked'. Received 'slow'/,
    ],
  ])('refuses %s', async (_what, options, message) => {
    const run = runProgram(() => {}, options as RunOptions)
    const code = expect.stringMatching(/^ERR_(INVALID_ARG_(TYPE|VALUE)|OUT_OF_RANGE)$/)
    await expect(run).rejects.toThrow(expect.objectContaining({ code }))
    await expect(run).rejects.toThrow(message)
  })

  it('refuses what is not a program', async () => {
    const run = runProgram(undefined as never)
    await expect(run).rejects.toThrow(/"program" argument must be of type function/)
  })

  it('notes a planned failure that did not happen, and no other', async () => {
    const { notes, verdict } = await runProgram((kernel) => kernel.sys.open('/dev/video0', 0), {
      prepare: (kernel) => {
        kernel.fail('open', 1, 'EMFILE')
        kernel.fail('mmap', 1, 'ENOMEM')
      },
    })
    expect(verdict).toBe('clean')
    expect(notes).toMatchObject([
      { driver: 'kernel.fail', message: expect.stringMatching(/call 1 of mmap \(ENOMEM\)/) },
    ])
  })
})
