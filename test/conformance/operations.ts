import * as fc from 'fast-check'
import type { Group, Operation, Sequence, Step } from './operation.ts'
import { buffers } from './ops/buffers.ts'
import { dumb } from './ops/dumb.ts'
import { syncFiles, vgemFences } from './ops/fences.ts'
import { files } from './ops/files.ts'
import { prime } from './ops/import.ts'
import { memory } from './ops/memory.ts'

const all = [...files, ...memory, ...buffers, ...prime, ...syncFiles, ...vgemFences, ...dumb]

/** Every operation, by its name. Words were made by its own arbitrary, or printed by a run. */
const byName: ReadonlyMap<string, Operation<object>> = new Map(
  all.map((operation) => [operation.name, operation as unknown as Operation<object>]),
)

export function operationOf({ op }: Step): Operation<object> {
  const operation = byName.get(op)
  if (operation === undefined) throw new Error(`No operation is called ${op}.`)
  return operation
}

/** The first steps of most sequences: the devices, buffers, a mapping and an import. */
const opening: readonly Step[] = [
  { op: 'open', path: '/dev/dma_heap/system', flags: 2 },
  { op: 'open', path: '/dev/udmabuf', flags: 2 },
  { op: 'open', path: 'card', flags: 2 },
  { op: 'memfd', name: 4, flags: 2 },
  { op: 'ftruncate', fd: { of: 'memfd', nth: 0 }, length: 6 * 4096 },
  { op: 'seal', fd: { of: 'memfd', nth: 0 }, seals: 2 },
  { op: 'alloc', fd: { of: 'heap', nth: 0 }, len: 20_000, fdIn: 0, fdFlags: 2, heapFlags: 0 },
  {
    op: 'udmabuf',
    fd: { of: 'udmabuf-node', nth: 0 },
    flags: 0,
    memfd: { of: 'memfd', nth: 0 },
    offset: 4096,
    size: 16_384,
  },
  { op: 'mmap', fd: { of: 'dma-buf', nth: 0 }, length: 20_480, protection: 3, flags: 1, offset: 0 },
  { op: 'mmap', fd: { of: 'memfd', nth: 0 }, length: 24_576, protection: 3, flags: 1, offset: 0 },
  { op: 'import', fd: { of: 'card', nth: 0 }, buffer: { of: 'dma-buf', nth: 0 }, flags: 0 },
]

/** Sequences of operations of these groups. */
export function sequences(groups: readonly Group[], longest = 60): fc.Arbitrary<Sequence> {
  const begin = opening.filter((step) => groups.includes(operationOf(step).group))
  const steps = [...byName.values()]
    .filter(({ group, weight }) => weight > 0 && groups.includes(group))
    .map((operation) => ({ weight: Math.ceil(operation.weight), arbitrary: stepOf(operation) }))
  const rest = fc.array(fc.oneof(...steps), { maxLength: longest, size: 'max' })
  const start = fc.oneof(
    { weight: 9, arbitrary: fc.constant(begin) },
    { weight: 1, arbitrary: fc.subarray([...begin]) },
  )
  return fc.tuple(start, rest).map(([first, then]) => [...first, ...then])
}

function stepOf({ name, arguments: words }: Operation<object>): fc.Arbitrary<Step> {
  return words.map((given) => ({ op: name, ...given }))
}
