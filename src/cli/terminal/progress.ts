/** A spinner on stderr while runs go on, for people only. */
import { createSpinner } from 'nanospinner'

export interface Progress {
  /** One more run is over. */
  ended(): void
  /** There is more to do than was thought. */
  more(runs: number): void
  stop(): void
}

/** Shown after half a second, and only on a terminal. */
const DELAY = 500

/** `where` the runs are. */
export function showProgress(total: number, where: string): Progress {
  // A terminal of no columns, as some containers have, makes the spinner clear lines for ever.
  const isShown = process.stderr.isTTY === true && process.stderr.columns > 0
  if (!isShown) return { ended: () => {}, more: () => {}, stop: () => {} }
  const spinner = createSpinner('', { stream: process.stderr })
  let done = 0
  let all = total
  const text = (): string => `running on ${where}: ${done} of ${all} runs`
  const timer = setTimeout(() => spinner.start({ text: text() }), DELAY)
  const stop = (): void => {
    clearTimeout(timer)
    if (spinner.isSpinning()) spinner.stop()
  }
  // Whoever interrupts the command gets the cursor back.
  process.once('exit', stop)
  return {
    ended: () => {
      done++
      spinner.update({ text: text() })
    },
    more: (runs) => {
      all += runs
    },
    stop,
  }
}
