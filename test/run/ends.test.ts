/** How programs end that do not simply return, and options that no run can have. */
import type { Kernel } from 'dmabuf'
import { type RunOptions, runProgram } from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'

const WAITS_LONG = 20_000

describe('a program that waits with a signal', () => {
  it(
    'that nobody aborts is told that it waits elsewhere',
    async () => {
      const { signal } = new AbortController()
      const { error, verdict } = await runProgram((kernel) => wait(kernel, signal))
      expect(verdict).toBe('failed')
      expect(error?.kind).toBe('waits-elsewhere')
      expect(error?.message).toMatch(/main \(\/dev\/video0\).*nobody aborts its signal/)
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
      message: "task 'lost', which nobody awaited, threw: unseen",
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
  it.each<[string, object, RegExp]>([
    ['an unknown option', { polcy: 'lazy' }, /option 'polcy' is not known: there are board, as/],
    ['a seed that is no integer', { seed: 1.5 }, /seed is 1.5: it must be an integer from 0/],
    ['a seed below zero', { seed: -1 }, /seed is -1/],
    ['a seed beyond 32 bits', { seed: 2 ** 32 }, /seed is 4294967296/],
    ['a seed that is a text', { seed: '7' }, /seed is 7/],
    ['unknown views', { views: 'slow' }, /views is 'slow': there are raw and checked/],
  ])('refuses %s', async (_what, options, message) => {
    const run = runProgram(() => {}, options as RunOptions)
    await expect(run).rejects.toThrow(RangeError)
    await expect(run).rejects.toThrow(message)
  })
})
