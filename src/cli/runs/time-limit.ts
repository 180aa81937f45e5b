/** How long a program may take. */
import type { RunProgress } from './messages.ts'

export interface TimeLimit {
  /** Seconds of the host. */
  readonly seconds: number
  /** `total`: for all that it does; `idle`: without any progress in the kernel. */
  readonly kind: 'total' | 'idle'
}

/** Without a choice of the user's: a program that gets on may take all the time that it needs. */
export const USUAL_LIMIT: TimeLimit = { seconds: 60, kind: 'idle' }

/** Milliseconds between two looks at the progress. */
const LOOK = 250

/** Calls `onOver` when the time is over; returns how to stop the clock. */
export function watchTime(
  { seconds, kind }: TimeLimit,
  progress: () => RunProgress,
  onOver: () => void,
): () => void {
  if (kind === 'total') {
    const timer = setTimeout(onOver, seconds * 1000)
    return () => clearTimeout(timer)
  }
  let seen = keyOf(progress())
  let since = performance.now()
  const timer = setInterval(
    () => {
      const key = keyOf(progress())
      const now = performance.now()
      if (key !== seen) [seen, since] = [key, now]
      else if (now - since >= seconds * 1000) onOver()
    },
    Math.min(LOOK, seconds * 1000),
  )
  return () => clearInterval(timer)
}

function keyOf({ events, time, frames }: RunProgress): string {
  return `${events} ${time} ${frames}`
}
