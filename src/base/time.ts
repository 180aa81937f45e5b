/** A second in nanoseconds, the unit of every time here. */
export const SECOND = 1_000_000_000

/** The seconds and microseconds of `struct timeval`, as nanoseconds. */
export function fromTimeval(seconds: number, microseconds: number): number {
  return seconds * SECOND + microseconds * 1000
}

/** Nanoseconds as whole seconds and the microseconds behind them, rounded down. */
export function toTimeval(time: number): { seconds: number; microseconds: number } {
  return {
    seconds: Math.floor(time / SECOND),
    microseconds: Math.floor((time % SECOND) / 1000),
  }
}
