import { describe, expect, test } from 'vitest'
import { errno } from '../../src/abi/errno.ts'
import { isSystemError } from '../../src/syscalls/system-error.ts'
import { FakeKernel } from './fake-kernel.ts'
import { ownMemoryPipeline, pipeline } from './pipeline.ts'

// Every call of a whole program fails once: nothing may leak and no error may be lost.
const programs = { pipeline, ownMemoryPipeline } as const

async function callsOf(program: (kernel: FakeKernel) => Promise<unknown>): Promise<string[]> {
  const kernel = new FakeKernel()
  await program(kernel)
  expect(kernel.leaks()).toEqual([])
  return kernel.log
}

/** Whether `error`, or one that it hides not, is the injected one. */
function mentions(error: unknown, code: string): boolean {
  if (isSystemError(error) && error.code === code) return true
  if (typeof error !== 'object' || error === null) return false
  const { error: later, suppressed } = error as { error?: unknown; suppressed?: unknown }
  return mentions(later, code) || mentions(suppressed, code)
}

describe.each(Object.keys(programs) as (keyof typeof programs)[])('%s', (name) => {
  const program = programs[name]

  test('each call fails once with EIO: the error comes out and nothing leaks', async () => {
    const log = await callsOf(program)
    for (const [place, call] of log.entries()) {
      const kernel = new FakeKernel()
      kernel.failures.set(place, -errno.EIO)
      const error = await Promise.resolve(program(kernel)).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      const where = `${call}, call ${place}`
      expect(kernel.leaks(), where).toEqual([])
      expect(mentions(error, 'EIO'), where).toBe(true)
    }
    expect(log.length).toBeGreaterThan(50)
  })

  test.each(['EINTR', 'EAGAIN'] as const)(
    'each ioctl answers %s once: it is restarted',
    async (code) => {
      const log = await callsOf(program)
      for (const [place, call] of log.entries()) {
        if (!call.includes('_')) continue
        const kernel = new FakeKernel()
        kernel.failures.set(place, -errno[code])
        await program(kernel)
        expect(kernel.leaks(), `${call}, call ${place}`).toEqual([])
      }
    },
  )

  test('each wait is interrupted once: it is taken up again', async () => {
    const log = await callsOf(program)
    for (const [place, call] of log.entries()) {
      if (call !== 'poll' && call !== 'read') continue
      const kernel = new FakeKernel()
      kernel.failures.set(place, -errno.EINTR)
      await program(kernel)
    }
  })

  test('two calls fail: both errors come out', async () => {
    const log = await callsOf(program)
    const closes = log.flatMap((call, place) => (call === 'close' ? [place] : [])).slice(-2)
    const kernel = new FakeKernel()
    for (const [i, place] of closes.entries()) {
      kernel.failures.set(place, i === 0 ? -errno.EIO : -errno.ENOSPC)
    }
    const error = await Promise.resolve(program(kernel)).catch((reason: unknown) => reason)
    expect([mentions(error, 'EIO'), mentions(error, 'ENOSPC')]).toEqual([true, true])
  })
})
