/** The little language in which random programs are written, for the naive machine and the real one. */
import fc from 'fast-check'

export const BUFFERS = 2
export const LINES = 3
export const LINE_SIZE = 16
/** Ranges are in cells: a program never touches less. */
export const CELL = 4
export const CELLS: number = (LINES * LINE_SIZE) / CELL

export type Access = 'read' | 'write' | 'read-write'
export type Direction = 'to-device' | 'from-device' | 'bidirectional'
export type Attribute = 'cached' | 'write-combine' | 'uncached'

/** A device and the buffer it has mapped; `dma` does not snoop, `gpu` does. */
export interface Target {
  readonly device: 'dma' | 'gpu'
  readonly buffer: number
}

/** Cells `[start, end)`. */
export interface Cells {
  readonly start: number
  readonly end: number
}

export type Op =
  | {
      readonly op: 'load' | 'store'
      readonly buffer: number
      readonly cells: Cells
      readonly attribute: Attribute
    }
  | { readonly op: 'begin' | 'end'; readonly buffer: number; readonly access: Access }
  | ({ readonly op: 'map'; readonly direction: Direction; readonly skip: boolean } & Target)
  | ({ readonly op: 'unmap' } & Target)
  | ({ readonly op: 'device-load' | 'device-store'; readonly cells: Cells } & Target)
  /** A store through an array that the program keeps from its first use on. */
  | { readonly op: 'raw-store'; readonly buffer: number; readonly cells: Cells }
  | ({
      readonly op: 'sync-for-cpu' | 'sync-for-device'
      readonly direction: Direction
      readonly cells: Cells
    } & Target)

export type Program = readonly Op[]

const cells = fc
  .tuple(fc.nat(CELLS - 1), fc.integer({ min: 1, max: CELLS }))
  .map(([start, length]) => ({ start, end: Math.min(CELLS, start + length) }))
const buffer = fc.nat(BUFFERS - 1)
const target = fc.record({ device: fc.constantFrom<'dma' | 'gpu'>('dma', 'dma', 'gpu'), buffer })
const access = fc.constantFrom<Access>('read', 'write', 'read-write')
const direction = fc.constantFrom<Direction>('to-device', 'from-device', 'bidirectional')
const attribute = fc.constantFrom<Attribute>(
  'cached',
  'cached',
  'cached',
  'write-combine',
  'uncached',
)

export const anyOp: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ op: fc.constantFrom('load', 'store'), buffer, cells, attribute }),
  },
  { weight: 3, arbitrary: fc.record({ op: fc.constantFrom('begin', 'end'), buffer, access }) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(target, direction, fc.boolean())
      .map(([to, dir, skip]) => ({ op: 'map' as const, direction: dir, skip, ...to })),
  },
  { weight: 1, arbitrary: target.map((to) => ({ op: 'unmap' as const, ...to })) },
  {
    weight: 5,
    arbitrary: fc
      .tuple(
        fc.constantFrom<'device-load' | 'device-store'>('device-load', 'device-store'),
        target,
        cells,
      )
      .map(([op, to, range]) => ({ op, cells: range, ...to })),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.constantFrom<'sync-for-cpu' | 'sync-for-device'>('sync-for-cpu', 'sync-for-device'),
        target,
        direction,
        cells,
      )
      .map(([op, to, dir, range]) => ({ op, direction: dir, cells: range, ...to })),
  },
)

/** Programs begin with two mappings more often than not: without one, devices do nothing. */
export const anyProgram: fc.Arbitrary<Program> = fc.array(anyOp, {
  minLength: 1,
  maxLength: 8,
  size: 'max',
})

const rawStore: fc.Arbitrary<Op> = fc.record({
  op: fc.constant('raw-store' as const),
  buffer,
  cells,
})
/** Programs that also store through arrays, which nobody sees as it happens. */
export const anyRawProgram: fc.Arbitrary<Program> = fc.array(
  fc.oneof({ weight: 15, arbitrary: anyOp }, { weight: 3, arbitrary: rawStore }),
  { minLength: 1, maxLength: 8, size: 'max' },
)

const fewCells = fc.constantFrom<Cells>(
  { start: 0, end: 1 },
  { start: 1, end: 4 },
  { start: 0, end: LINE_SIZE / CELL },
)
const dma = { device: 'dma', buffer: 0 } as const
const cached = { buffer: 0, attribute: 'cached' } as const

/** Programs about one line of one buffer and one device: short ways to rare harm. */
export const narrowProgram: fc.Arbitrary<Program> = fc
  .array(
    fc.oneof(
      fc.record({ op: fc.constantFrom('load', 'store'), cells: fewCells }).map((op) => ({
        ...cached,
        ...op,
      })),
      fc
        .record({
          op: fc.constantFrom<'device-load' | 'device-store'>('device-load', 'device-store'),
          cells: fewCells,
        })
        .map((op) => ({ ...dma, ...op })),
      fc.record({ op: fc.constantFrom('begin', 'end'), buffer: fc.constant(0), access }),
    ),
    { minLength: 1, maxLength: 7, size: 'max' },
  )
  .map((ops) => [{ op: 'map', direction: 'bidirectional', skip: false, ...dma }, ...ops])
