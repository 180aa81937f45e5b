/** Programs on which the machines once differed. */
import { APART } from '../naive/layouts.ts'
import type { Program } from '../naive/program.ts'
import type { Traits } from '../naive/traits.ts'
import { CLEANS, INVALIDATES } from './kinds.ts'

export interface Found {
  readonly what: string
  readonly boards: readonly Traits[]
  readonly program: Program
}

const first = { start: 0, end: 1 }
const camera = { device: 'dma', buffer: 0 } as const

export const FOUND: readonly Found[] = [
  {
    what: 'eager hardware filled a dropped line under a live array, which was taken for a store',
    boards: [CLEANS, INVALIDATES],
    program: {
      buffers: APART,
      ops: [
        { op: 'raw-store', buffer: 0, cells: first },
        { op: 'map', direction: 'from-device', skip: false, ...camera },
        { op: 'load', buffer: 0, cells: first, attribute: 'cached' },
      ],
    },
  },
  {
    what: 'a line that begin dropped under a live array',
    boards: [CLEANS, INVALIDATES],
    program: {
      buffers: APART,
      ops: [
        { op: 'map', direction: 'to-device', skip: false, ...camera },
        { op: 'raw-store', buffer: 0, cells: first },
        { op: 'begin', buffer: 0, access: 'read' },
        { op: 'load', buffer: 0, cells: first, attribute: 'cached' },
      ],
    },
  },
  {
    what: 'eager hardware looked for stores while lines under an array were gone',
    boards: [CLEANS, INVALIDATES],
    program: {
      buffers: [{ page: 0, start: 0, end: 12, hooks: 'right' }],
      ops: [
        { op: 'map', direction: 'bidirectional', skip: false, ...camera },
        { op: 'take', slot: 0, buffer: 0, cells: first, scope: 'bracket', writeOnly: false },
        { op: 'device-store', cells: first, ...camera },
        { op: 'begin', buffer: 0, access: 'read' },
        { op: 'load', buffer: 0, cells: first, attribute: 'write-combine' },
      ],
    },
  },
  {
    what: 'the rest of a line that is old in part was taken for stored by a coarse look',
    boards: [CLEANS, INVALIDATES],
    program: {
      buffers: [{ page: 0, start: 0, end: 12, hooks: 'right' }],
      ops: [
        { op: 'map', direction: 'bidirectional', skip: false, ...camera },
        {
          op: 'take',
          slot: 0,
          buffer: 0,
          cells: { start: 0, end: 12 },
          scope: 'bracket',
          writeOnly: false,
        },
        { op: 'store', buffer: 0, cells: { start: 9, end: 10 }, attribute: 'uncached' },
        { op: 'slot-store', slot: 0, cells: first },
        { op: 'end', buffer: 0, access: 'read-write' },
        { op: 'load', buffer: 0, cells: { start: 6, end: 10 }, attribute: 'write-combine' },
      ],
    },
  },
]
