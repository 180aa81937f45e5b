import { describe, expect, it } from 'vitest'
import type { ChoicePoint } from '../../src/machine/choices.ts'
import { Scheduler } from '../../src/machine/scheduler.ts'
import { WaitQueue } from '../../src/machine/wait-queue.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => resolve()))

describe('the scheduler', () => {
  it('moves time only while everybody waits, and straight to the next event', async () => {
    const scheduler = new Scheduler()
    await scheduler.sleep(500)
    expect(scheduler.now).toBe(500)
    await turn()
    expect(scheduler.now).toBe(500)
  })

  it('runs what devices do in the order of their times', async () => {
    const scheduler = new Scheduler()
    const order: string[] = []
    scheduler.at(30, () => order.push('late'))
    scheduler.at(10, () => order.push('early'))
    await scheduler.sleep(40)
    expect(order).toEqual(['early', 'late'])
  })

  it('attributes every step to the task that was resumed', async () => {
    const scheduler = new Scheduler()
    const seen: string[] = []
    const body = (name: string) => async (): Promise<void> => {
      for (let i = 0; i < 20; i++) {
        await scheduler.point([])
        await Promise.resolve()
        seen.push(`${name}=${scheduler.current.name}`)
      }
    }
    await Promise.all([scheduler.spawn('a', body('a')), scheduler.spawn('b', body('b'))])
    expect(new Set(seen)).toEqual(new Set(['a=a', 'b=b']))
    expect(scheduler.current.name).toBe('main')
  })

  it('is the same again with the same choices', async () => {
    const run = async (): Promise<string[]> => {
      let state = 1
      const choose = ({ options }: ChoicePoint): number => {
        state = (state * 5 + 3) % 17
        return state % options
      }
      const scheduler = new Scheduler({ choices: { choose } })
      const seen: string[] = []
      const body = (name: string) => async (): Promise<void> => {
        for (let i = 0; i < 5; i++) {
          await scheduler.point([])
          seen.push(name)
        }
      }
      await Promise.all(['a', 'b', 'c'].map((name) => scheduler.spawn(name, body(name))))
      return seen
    }
    expect(await run()).toEqual(await run())
  })

  it('ends a wait when its signal aborts, before or during it', async () => {
    const scheduler = new Scheduler()
    const controller = new AbortController()
    const queue = new WaitQueue()
    const waiting = scheduler.until(queue, () => false, ['queue'], controller.signal)
    await turn()
    controller.abort()
    expect(await waiting).toBe(false)
    expect(await scheduler.sleep(10, controller.signal)).toBe('interrupted')
  })

  it('tells who waits for what no device will deliver', async () => {
    const stuck = new Promise<readonly string[]>((resolve) => {
      const scheduler = new Scheduler({ onStuck: resolve })
      void scheduler.until(new WaitQueue(), () => false, ['a frame'])
    })
    expect(await stuck).toEqual(['main (a frame)'])
  })

  it('is not held up by a device that works for ever', async () => {
    const stuck = new Promise<readonly string[]>((resolve) => {
      const scheduler = new Scheduler({ onStuck: resolve })
      const scan = (): void => void scheduler.at(scheduler.now + 16_666_667, scan)
      scan()
      void scheduler.until(new WaitQueue(), () => false, ['a frame'])
    })
    expect(await stuck).toEqual(['main (a frame)'])
  })

  it('survives a turn in which nobody waits', async () => {
    const scheduler = new Scheduler()
    for (let i = 0; i < 5; i++) {
      await scheduler.sleep(1)
      for (let k = 0; k < 5; k++) await turn()
    }
    expect(scheduler.now).toBe(5)
  })

  it('does not take a long sleep for being stuck, whatever devices do meanwhile', async () => {
    const scheduler = new Scheduler()
    const scan = (): void => void scheduler.at(scheduler.now + 1_000_000_000, scan)
    scan()
    expect(await scheduler.sleep(30_000_000_000)).toBe('woken')
    expect(scheduler.now).toBe(30_000_000_000)
  })

  it('begins an epoch in every turn, for code of the program may have run before it', async () => {
    const scheduler = new Scheduler()
    const epochs: number[] = []
    // Devices work while the program computes: no call of it comes in between.
    for (let i = 1; i <= 3; i++) scheduler.at(i * 10, () => epochs.push(scheduler.epoch))
    for (let i = 0; i < 3; i++) {
      await scheduler.sleep(10)
      epochs.push(scheduler.epoch)
      await turn()
    }
    const grew = epochs.map((epoch, i) => i === 0 || epoch > (epochs[i - 1] as number))
    expect(epochs.length).toBe(6)
    expect(grew).toEqual([true, true, true, true, true, true])
  })

  it('begins an epoch with every call of the program', () => {
    const scheduler = new Scheduler()
    const before = scheduler.epoch
    scheduler.programRan()
    expect(scheduler.epoch).toBeGreaterThan(before)
  })
})
