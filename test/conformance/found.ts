import type { Sequence } from './operation.ts'

/** Sequences that once showed a difference, by what it was. */
export const found: Readonly<Record<string, Sequence>> = {}
