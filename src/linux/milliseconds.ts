/** The longest timer: 24 days. */
export const LONGEST: number = 2 ** 31 - 1

/** `nanoseconds` for a timer, rounded up so that nothing ends early. */
export function milliseconds(nanoseconds: number): number {
  return Math.min(Math.ceil(nanoseconds / 1e6), LONGEST)
}
