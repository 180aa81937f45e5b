/** The largest number of 32 bits. */
export const U32_MAX = 0xffffffff

/**
 * Whether `value` has no bit outside the 32-bit `mask`.
 *
 * JavaScript's `&` uses the low 32 bits only, so `flags & ~7` accepts 2^32; this is right for every
 * value that a u64 field decodes to.
 */
export function onlyBits(value: number, mask: number): boolean {
  return value >= 0 && value <= U32_MAX && (value & ~mask) === 0
}

/** Rounds `value` up to a multiple of `step`, in bytes, without 32-bit arithmetic. */
export function alignUp(value: number, step: number): number {
  return Math.ceil(value / step) * step
}
