import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SeededChoices } from '../../src/machine/choices.ts'
import { Mutex } from '../../src/machine/mutex.ts'
import { Scheduler } from '../../src/machine/scheduler.ts'

describe('a mutex', () => {
  it('is never held by two tasks, whoever the scheduler lets run, and everybody gets it', async () => {
    const sleeps = fc.array(fc.array(fc.nat(3), { minLength: 1, maxLength: 4 }), {
      minLength: 2,
      maxLength: 5,
    })
    await fc.assert(
      fc.asyncProperty(sleeps, fc.nat(), async (tasks, seed) => {
        const scheduler = new Scheduler({ choices: new SeededChoices(seed) })
        const mutex = new Mutex(scheduler, 'the lock')
        let inside = 0
        let most = 0
        let turns = 0
        const body = (times: readonly number[]) => async (): Promise<void> => {
          for (const time of times) {
            await mutex.acquire()
            inside++
            most = Math.max(most, inside)
            if (time > 0) await scheduler.sleep(time)
            turns++
            inside--
            mutex.release()
            // Takes it again without a pause, while others were only just woken.
          }
        }
        await Promise.all(tasks.map((times, i) => scheduler.spawn(`task ${i}`, body(times))))
        expect(most).toBe(1)
        expect(turns).toBe(tasks.flat().length)
      }),
      { numRuns: 60, seed: 5 },
    )
  })

  it('is taken once by two calls that find it free in one turn', async () => {
    const scheduler = new Scheduler()
    const mutex = new Mutex(scheduler, 'the lock')
    const order: string[] = []
    const use = (name: string): Promise<void> =>
      mutex.run(async () => {
        order.push(`${name} in`)
        await scheduler.sleep(5)
        order.push(`${name} out`)
      })
    await Promise.all([use('a'), use('b')])
    expect(order).toEqual(['a in', 'a out', 'b in', 'b out'])
  })

  it('is not taken by a wait that was interrupted', async () => {
    const scheduler = new Scheduler()
    const mutex = new Mutex(scheduler, 'the lock')
    const controller = new AbortController()
    await mutex.acquire()
    const waiting = scheduler.spawn('other', () => mutex.acquire(controller.signal))
    await scheduler.sleep(10)
    controller.abort()
    expect(await waiting).toBe(false)
    mutex.release()
    expect(await mutex.acquire()).toBe(true)
  })

  it('is let go when what ran under it throws', async () => {
    const mutex = new Mutex(new Scheduler(), 'the lock')
    const failing = mutex.run(() => Promise.reject(new Error('broken')))
    await expect(failing).rejects.toThrow('broken')
    expect(await mutex.run(async () => 'free')).toBe('free')
  })
})
