/** A spinner on stderr while runs go on, for people only. */
import { createSpinner } from 'nanospinner'

export interface Progress {
  /** One more run is over. */
  ended(): void
  stop(): void
}

/** Shown after half a second, and only on a terminal. */
const DELAY = 500

export function showProgress(total: number): Progress {
  if (process.stderr.isTTY !== true) return { ended: () => {}, stop: () => {} }
  const spinner = createSpinner('', { stream: process.stderr })
  let done = 0
  const text = (): string => `running on the simulated boards: ${done} of ${total} runs`
  const timer = setTimeout(() => spinner.start({ text: text() }), DELAY)
  return {
    ended: () => {
      done++
      spinner.update({ text: text() })
    },
    stop: () => {
      clearTimeout(timer)
      if (spinner.isSpinning()) spinner.stop()
    },
  }
}
