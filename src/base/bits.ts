/**
 * Whether `value` has no bit outside the 32-bit `mask`.
 *
 * JavaScript's `&` looks at the low 32 bits only, so that `flags & ~7` takes 2^32 for valid; this is
 * right for every value that a u64 field decodes to. Never sleeps.
 */
export function onlyBits(value: number, mask: number): boolean {
  return value >= 0 && value <= 0xffffffff && (value & ~mask) === 0
}

/** Rounds `value` up to a multiple of `step`, in bytes, without 32-bit arithmetic. Never sleeps. */
export function alignUp(value: number, step: number): number {
  return Math.ceil(value / step) * step
}
