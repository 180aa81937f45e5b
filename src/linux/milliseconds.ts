/** What a timer can hold: 24 days. */
export const LONGEST: number = 2 ** 31 - 1

/** `nanoseconds` for a timer, rounded up so that nothing ends early. Never sleeps. */
export function milliseconds(nanoseconds: number): number {
  return Math.min(Math.ceil(nanoseconds / 1e6), LONGEST)
}
