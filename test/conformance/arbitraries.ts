import * as fc from 'fast-check'
import { PAGE_SIZE } from '../../src/abi/fcntl.ts'
import type { FdRef, Kind, MapRef } from './world.ts'

/** A descriptor: mostly of the wanted kind, else any, a closed or a negative number. */
export function fdOf(...kinds: (Kind | 'any')[]): fc.Arbitrary<FdRef> {
  const nth = fc.nat({ max: 5 })
  const every: Kind[] = ['heap', 'udmabuf-node', 'card', 'text', 'memfd', 'dma-buf', 'sync-file']
  const wanted = kinds.map((kind) =>
    kind === 'any' ? fc.constantFrom(...every) : fc.constant(kind),
  )
  return fc.oneof(
    { weight: 24, arbitrary: fc.record({ of: fc.oneof(...wanted), nth }) },
    { weight: 2, arbitrary: fc.record({ of: fc.constantFrom(...every), nth }) },
    {
      weight: 1,
      arbitrary: fc.record({ slot: fc.constantFrom(-1, -100, 0, 1, 2, 5, 9, 40, 700) }),
    },
  )
}

export const anyFd: fc.Arbitrary<FdRef> = fdOf(
  'dma-buf',
  'memfd',
  'sync-file',
  'heap',
  'udmabuf-node',
  'card',
)

export const mapRef: fc.Arbitrary<MapRef> = fc.record({ map: fc.nat({ max: 7 }) })

/** Bytes of a file or a mapping. */
export const length: fc.Arbitrary<number> = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 6 }).map((pages) => pages * PAGE_SIZE) },
  { weight: 2, arbitrary: fc.constantFrom(0, 1, 4095, 4097, 5000, 16 * PAGE_SIZE, 84 * PAGE_SIZE) },
  { weight: 1, arbitrary: fc.nat({ max: 20 * PAGE_SIZE }) },
)

/** A place in a file: mostly a page's start. */
export const offset: fc.Arbitrary<number> = fc.oneof(
  { weight: 5, arbitrary: fc.constant(0) },
  { weight: 4, arbitrary: fc.nat({ max: 6 }).map((pages) => pages * PAGE_SIZE) },
  { weight: 1, arbitrary: fc.constantFrom(1, 100, 4095, 4097, 5000) },
)

/** Values of a 64-bit field that a buffer cannot have. Doubles that are exact. */
export const huge: fc.Arbitrary<number> = fc.constantFrom(
  2 ** 52,
  2 ** 62,
  2 ** 63,
  2 ** 64 - 2 ** 12,
  2 ** 64 - 2 ** 11,
)

/** Some bits of `known`, now and then with others. */
export function flags(known: readonly number[], others: readonly number[]): fc.Arbitrary<number> {
  const or = (bits: readonly number[]): number => bits.reduce((all, bit) => all | bit, 0) >>> 0
  const good = fc.subarray([...known]).map(or)
  const bad = fc.constantFrom(...others)
  return fc.oneof(
    { weight: 8, arbitrary: good },
    { weight: 1, arbitrary: fc.tuple(good, bad).map(or) },
  )
}
