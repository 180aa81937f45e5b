/** Progress of a count of runs on stderr: a spinner in a terminal, nothing in a pipe. */
import { createSpinner } from 'nanospinner'

export interface RunsProgress {
  /** So many runs are over. */
  ran(count: number): void
  stop(): void
}

/** Milliseconds before anything is shown. */
const DELAY = 500

/** `exploring: 12 orders`. */
export function showRuns(doing: string, things: string): RunsProgress {
  if (process.stderr.isTTY !== true || !(process.stderr.columns > 0)) {
    return { ran: () => {}, stop: () => {} }
  }
  const spinner = createSpinner('', { stream: process.stderr })
  const timer = setTimeout(() => spinner.start({ text: doing }), DELAY)
  return {
    ran: (count) => {
      if (spinner.isSpinning()) spinner.update({ text: `${doing}: ${count} ${things}` })
    },
    stop: () => {
      clearTimeout(timer)
      if (spinner.isSpinning()) spinner.stop()
    },
  }
}
