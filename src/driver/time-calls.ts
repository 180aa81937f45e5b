import { assert } from '../machine/kernel-error.ts'
import type { Bound } from './bound.ts'

/** The kernel's clock, in nanoseconds, and work that is done later. */
export interface TimeCalls {
  /** Nanoseconds since the board was switched on. */
  now(): number
  /** May sleep, for `nanoseconds`. Host timers are not known to the kernel: use this. */
  sleep(nanoseconds: number): Promise<void>
  /**
   * Runs `work`, which may sleep, in `nanoseconds`; returns a function that cancels it if it has
   * not begun.
   */
  schedule(nanoseconds: number, work: () => void | Promise<void>): () => void
  /** kthread_run: runs `body` as a separate thread that is not awaited. */
  kthreadRun(name: string, body: () => void | Promise<void>): void
}

export function timeCalls(bound: Bound): TimeCalls {
  const { scheduler } = bound.host.machine
  const thread = (name: string, body: () => void | Promise<void>): void =>
    scheduler.background(`${bound.driver.name}: ${name}`, async () => {
      const operation = { name, driver: bound.driver }
      // Its error is reported: no caller is there to get it.
      await bound.operations.run(operation, body).catch(() => {})
    })
  const timers = new Set<() => void>()
  bound.undo.push(() => {
    for (const cancel of timers) cancel()
  })
  const calls: TimeCalls = {
    now: () => scheduler.now,
    sleep: (nanoseconds) =>
      bound.later(calls.sleep, async () => {
        checkTime(bound, 'sleep', nanoseconds)
        await scheduler.sleep(nanoseconds)
      }),
    schedule: (nanoseconds, work) => {
      checkTime(bound, 'schedule', nanoseconds)
      const stop = scheduler.at(scheduler.now + nanoseconds, () => {
        timers.delete(cancel)
        thread('work', work)
      })
      const cancel = (): void => {
        timers.delete(cancel)
        stop()
      }
      timers.add(cancel)
      return cancel
    },
    kthreadRun: (name, body) => thread(name, body),
  }
  return calls
}

function checkTime(bound: Bound, operation: string, nanoseconds: number): void {
  assert(
    nanoseconds >= 0 && nanoseconds < Number.POSITIVE_INFINITY,
    `${bound.driver.name}: the time that ${operation} is given is zero or more nanoseconds, not ${nanoseconds}`,
  )
}
