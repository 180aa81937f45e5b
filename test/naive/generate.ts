/** Random programs, of several kinds. */
import fc from 'fast-check'
import { ALIASES, APART, type Layout, SHARED_LINES, SMALL } from './layouts.ts'
import {
  type Access,
  type Attribute,
  type BufferSpec,
  type Cells,
  cellsOf,
  type Device,
  type Direction,
  type Hooks,
  type Op,
  PER_LINE,
  type Program,
} from './program.ts'

/** One buffer, for programs that look closely. */
const ONE = [{ page: 0, start: 0, end: 12, hooks: 'right' }] as const
const MAPPED: Op = { op: 'map', device: 'dma', buffer: 0, direction: 'bidirectional', skip: false }

const access = fc.constantFrom<Access>('read', 'write', 'read-write')
const direction = fc.constantFrom<Direction>('to-device', 'from-device', 'bidirectional')
const device = fc.constantFrom<Device>('dma', 'dma', 'gpu')
const attribute = fc.constantFrom<Attribute>(
  'cached',
  'cached',
  'cached',
  'write-combine',
  'uncached',
)
const deviceAccess = fc.constantFrom<'device-load' | 'device-store'>('device-load', 'device-store')
const sync = fc.constantFrom<'sync-for-cpu' | 'sync-for-device'>('sync-for-cpu', 'sync-for-device')

type Part = { readonly buffer: number; readonly cells: Cells }

/** A buffer of the layout, and some of its cells. */
function partOf(layout: Layout): fc.Arbitrary<Part> {
  const most = Math.max(...layout.map(cellsOf))
  return fc
    .tuple(fc.nat(layout.length - 1), fc.nat(most - 1), fc.nat(most - 1))
    .map(([buffer, from, more]) => {
      const count = cellsOf(layout[buffer] as Layout[number])
      const start = from % count
      return { buffer, cells: { start, end: Math.min(count, start + 1 + more) } }
    })
}

interface Weights {
  readonly unmap: number
  readonly sync: number
  readonly arrays: number
  readonly wait: number
}
const USUAL: Weights = { unmap: 1, sync: 1, arrays: 0, wait: 0 }

function opOn(layout: Layout, weights: Weights): fc.Arbitrary<Op> {
  const buffer = fc.nat(layout.length - 1)
  const part = partOf(layout)
  return fc.oneof(
    {
      weight: 3,
      arbitrary: fc
        .tuple(fc.constantFrom<'load' | 'store'>('load', 'store'), part, attribute)
        .map(([op, at, by]) => ({ op, ...at, attribute: by })),
    },
    { weight: 3, arbitrary: fc.record({ op: fc.constantFrom('begin', 'end'), buffer, access }) },
    {
      weight: 3,
      arbitrary: fc.tuple(device, buffer, direction, fc.boolean()).map(([by, of, dir, skip]) => ({
        op: 'map' as const,
        device: by,
        buffer: of,
        direction: dir,
        skip,
      })),
    },
    {
      weight: weights.unmap,
      arbitrary: fc.record({ op: fc.constant('unmap' as const), device, buffer }),
    },
    {
      weight: 5,
      arbitrary: fc
        .tuple(deviceAccess, device, part)
        .map(([op, by, at]) => ({ op, device: by, ...at })),
    },
    {
      weight: weights.sync,
      arbitrary: fc
        .tuple(sync, device, direction, part)
        .map(([op, by, dir, at]) => ({ op, device: by, direction: dir, ...at })),
    },
    {
      weight: weights.arrays,
      arbitrary: part.map((at) => ({ op: 'raw-store' as const, ...at })),
    },
    { weight: weights.wait, arbitrary: fc.constant({ op: 'wait' as const }) },
  )
}

const MOST_OPS = 8

function programOn(layout: Layout, weights: Weights = USUAL): fc.Arbitrary<Program> {
  return fc
    .array(opOn(layout, weights), { minLength: 1, maxLength: MOST_OPS, size: 'max' })
    .map((ops) => ({ buffers: layout, ops }))
}

/** Programs that begin with a mapping for each buffer: without one, devices do nothing. */
function mappedFirst(programs: fc.Arbitrary<Program>): fc.Arbitrary<Program> {
  const mapping = fc.tuple(device, direction, fc.boolean())
  return fc.tuple(programs, fc.array(mapping, { minLength: 2, maxLength: 2 })).map(
    ([{ buffers, ops }, made]): Program => ({
      buffers,
      ops: [
        ...made.map(([by, dir, skip], i) => ({
          op: 'map' as const,
          device: by,
          buffer: i,
          direction: dir,
          skip,
        })),
        ...ops,
      ],
    }),
  )
}

/** Half of them end as a program does that is done with a buffer: unmapped, and looked at. */
function lookedAtLast(programs: fc.Arbitrary<Program>): fc.Arbitrary<Program> {
  return fc.tuple(programs, fc.boolean()).map(([program, looks]): Program => {
    if (!looks) return program
    const cells = { start: 0, end: cellsOf(program.buffers[0] as BufferSpec) }
    const last: Op[] = [
      { op: 'unmap', device: 'dma', buffer: 0 },
      { op: 'unmap', device: 'gpu', buffer: 0 },
      { op: 'load', buffer: 0, cells, attribute: 'cached' },
    ]
    return { ...program, ops: [...program.ops, ...last] }
  })
}

const WRONG_HOOKS: readonly Hooks[] = [
  'absent',
  'swapped',
  'oldest',
  'unmapped',
  'half',
  'to-device',
  'from-device',
  'bidirectional',
  'own-device',
  'own-device-skips',
  'own-coherent-device',
]

/** Any exporter for each of the buffers. */
function withHooks(
  programs: fc.Arbitrary<Program>,
  hooks: readonly Hooks[],
): fc.Arbitrary<Program> {
  const each = fc.array(fc.constantFrom(...hooks), { minLength: 3, maxLength: 3 })
  return fc.tuple(programs, each).map(([{ buffers, ops }, picked]) => ({
    buffers: buffers.map((spec, i) => ({ ...spec, hooks: picked[i] as Hooks })),
    ops,
  }))
}

export const anyProgram: fc.Arbitrary<Program> = programOn(APART)
/** Programs that also store through arrays; such stores are not observed as they happen. */
export const anyRawProgram: fc.Arbitrary<Program> = programOn(APART, { ...USUAL, arrays: 3 })
export const bouncedProgram: fc.Arbitrary<Program> = lookedAtLast(
  mappedFirst(programOn(SMALL, { ...USUAL, sync: 3, arrays: 1 })),
)
export const iommuProgram: fc.Arbitrary<Program> = mappedFirst(
  programOn(SMALL, { ...USUAL, unmap: 3, wait: 2 }),
)
export const sharedLinesProgram: fc.Arbitrary<Program> = fc.oneof(
  ...SHARED_LINES.map((layout) => mappedFirst(programOn(layout, { ...USUAL, sync: 3, arrays: 1 }))),
)
export const aliasProgram: fc.Arbitrary<Program> = fc.oneof(
  ...ALIASES.map((layout) => mappedFirst(programOn(layout, { ...USUAL, arrays: 1 }))),
)
export const wrongHooksProgram: fc.Arbitrary<Program> = withHooks(
  mappedFirst(programOn(SMALL)),
  WRONG_HOOKS,
)
export const everything: fc.Arbitrary<Program> = withHooks(
  fc.oneof(
    ...[SMALL, ...SHARED_LINES, ...ALIASES].map((layout) =>
      mappedFirst(programOn(layout, { unmap: 2, sync: 2, arrays: 1, wait: 1 })),
    ),
  ),
  ['right', ...WRONG_HOOKS],
)

const SLOTS = 3
const slot = fc.nat(SLOTS - 1)

/** Programs that hold several arrays at a time, whole and partial ones, over one buffer. */
function arraysProgram(values: number | undefined): fc.Arbitrary<Program> {
  const part = partOf(ONE)
  const take = fc.record({
    op: fc.constant('take' as const),
    slot,
    scope: fc.constantFrom<'bracket' | 'mapping'>('bracket', 'mapping'),
    writeOnly: fc.boolean(),
  })
  const whole = fc.constant<Part>({ buffer: 0, cells: { start: 0, end: cellsOf(ONE[0]) } })
  const op = fc.oneof(
    { weight: 17, arbitrary: opOn(ONE, { ...USUAL, sync: 2 }) },
    {
      weight: 4,
      arbitrary: fc.tuple(take, fc.oneof(part, whole)).map(([taken, at]) => ({ ...taken, ...at })),
    },
    { weight: 2, arbitrary: fc.record({ op: fc.constant('drop' as const), slot }) },
    {
      weight: 7,
      arbitrary: fc
        .tuple(slot, part)
        .map(([at, { cells }]) => ({ op: 'slot-store' as const, slot: at, cells })),
    },
    { weight: 1, arbitrary: fc.constant({ op: 'reuse' as const, buffer: 0 }) },
  )
  return fc
    .array(op, { minLength: 2, maxLength: 14, size: 'max' })
    .map((ops) => ({ buffers: ONE, ops: [MAPPED, ...ops], ...(values && { values }) }))
}

export const manyArraysProgram: fc.Arbitrary<Program> = arraysProgram(undefined)
/** The same bytes are stored again and again: a store that changes nothing is not seen. */
export const fewValuesProgram: fc.Arbitrary<Program> = arraysProgram(6)

const fewCells = fc.constantFrom<Cells>(
  { start: 0, end: 1 },
  { start: 1, end: 4 },
  { start: 0, end: PER_LINE },
)
const dma = { device: 'dma', buffer: 0 } as const
const cached = { buffer: 0, attribute: 'cached' } as const

/** Programs about one line of one buffer and one device: short ways to rare harm. */
export const narrowProgram: fc.Arbitrary<Program> = fc
  .array(
    fc.oneof(
      fc
        .record({ op: fc.constantFrom<'load' | 'store'>('load', 'store'), cells: fewCells })
        .map((op) => ({ ...cached, ...op })),
      fc.record({ op: deviceAccess, cells: fewCells }).map((op) => ({ ...dma, ...op })),
      fc.record({
        op: fc.constantFrom<'begin' | 'end'>('begin', 'end'),
        buffer: fc.constant(0),
        access,
      }),
    ),
    { minLength: 1, maxLength: 7, size: 'max' },
  )
  .map((ops) => ({
    buffers: [{ page: 0, start: 0, end: PER_LINE, hooks: 'right' }],
    ops: [MAPPED, ...ops],
  }))
