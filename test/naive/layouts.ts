/** Where the buffers of a program lie. */
import type { BufferSpec } from './program.ts'

export type Layout = readonly BufferSpec[]

const right = { hooks: 'right' } as const

/** Two buffers of three lines that have nothing to do with each other. */
export const APART: Layout = [
  { page: 0, start: 0, end: 12, ...right },
  { page: 1, start: 0, end: 12, ...right },
]

/** Short ones: sets of lines that know of each other grow fast. */
export const SMALL: Layout = [
  { page: 0, start: 0, end: 6, ...right },
  { page: 1, start: 0, end: 3, ...right },
]

/** Buffers that begin where another ends, in the middle of a line. */
export const SHARED_LINES: readonly Layout[] = [
  [
    { page: 0, start: 0, end: 6, ...right },
    { page: 0, start: 6, end: 12, ...right },
  ],
  [
    { page: 0, start: 1, end: 3, ...right },
    { page: 0, start: 3, end: 5, ...right },
    { page: 0, start: 5, end: 8, ...right },
  ],
  [
    { page: 0, start: 0, end: 2, ...right },
    { page: 0, start: 2, end: 4, ...right },
  ],
]

/** The same bytes under two names: two dma-bufs, or a dma-buf and the memfd that its pages are of. */
export const ALIASES: readonly Layout[] = [
  [
    { page: 0, start: 0, end: 6, ...right },
    { page: 0, start: 0, end: 6, ...right },
  ],
  [
    { page: 0, start: 2, end: 8, ...right },
    { page: 0, start: 0, end: 8, ...right, memfd: true },
  ],
  [
    { page: 0, start: 0, end: 5, ...right },
    { page: 0, start: 3, end: 8, ...right },
  ],
]
