/** Mappings, and loads and stores through them. */
import * as fc from 'fast-check'
import * as uapi from '../../uapi.ts'
import { fdOf, huge, length, mapRef, offset } from '../arbitraries.ts'
import { pattern, summary } from '../bytes.ts'
import type { Operation } from '../operation.ts'
import type { Side } from '../side.ts'
import type { FdRef, Mapping, MapRef, World } from '../world.ts'

const PAGE = uapi.PAGE_SIZE
const RW = uapi.PROT_READ | uapi.PROT_WRITE

interface MmapWords {
  readonly fd: FdRef
  readonly length: number
  readonly protection: number
  readonly flags: number
  readonly offset: number
}

/** MAP_ bits beside the type, by their numbers on x86-64: DENYWRITE, GROWSDOWN, HUGETLB, SYNC. */
const OTHER_FLAGS = [0x800, 0x4000, 0x100, 0x40000, 0x80000, 0x1000000]

const mmap: Operation<MmapWords> = {
  name: 'mmap',
  group: 'memory',
  weight: 8,
  arguments: fc.record({
    fd: fdOf('dma-buf', 'dma-buf', 'dma-buf', 'memfd', 'memfd', 'any'),
    length: fc.oneof({ weight: 12, arbitrary: length }, { weight: 1, arbitrary: far(huge) }),
    protection: fc.oneof(
      { weight: 4, arbitrary: fc.constant(RW) },
      { weight: 1, arbitrary: fc.constantFrom(1, 1, 2, 0, 4, 5, 8) },
    ),
    flags: fc.oneof(
      { weight: 14, arbitrary: fc.constant(uapi.MAP_SHARED) },
      { weight: 2, arbitrary: fc.constantFrom(uapi.MAP_PRIVATE, uapi.MAP_SHARED_VALIDATE, 0, 4) },
      {
        weight: 1,
        arbitrary: fc
          .tuple(fc.constantFrom(1, 2, 3), fc.constantFrom(...OTHER_FLAGS))
          .map(([type, other]) => type | other),
      },
    ),
    offset: fc.oneof(
      { weight: 12, arbitrary: offset },
      { weight: 1, arbitrary: fc.constantFrom(-4096, -1, 2 ** 52, 2 ** 53 - 4096) },
    ),
  }),
  run(side, words, world) {
    const { length: bytes, protection, flags } = words
    const fd = side.fd(world.slot(words.fd))
    const address = side.sys.mmap(bytes, protection, flags, fd, words.offset)
    if (address < 0) return [address]
    side.addresses.set(world.mappings.length, address)
    return ['mapped']
  },
  settle({ fd, length: bytes }, [result], world) {
    const file = world.file(fd)
    if (result === 'mapped' && file !== undefined) world.map(bytes, file)
  },
}

function far(values: fc.Arbitrary<number>): fc.Arbitrary<number> {
  return values.map((value) => Math.min(value, 2 ** 53 - 1))
}

interface RangeWords extends MapRef {
  readonly at: number
  readonly length: number
}

const range = {
  at: fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 3, arbitrary: fc.nat({ max: 5 }).map((pages) => pages * PAGE) },
    { weight: 1, arbitrary: fc.constantFrom(1, 4095, 5000) },
  ),
  length,
}

const munmap: Operation<RangeWords> = {
  name: 'munmap',
  group: 'memory',
  weight: 3,
  arguments: fc.record({ map: mapRef.map(({ map }) => map), ...range }),
  isLeftOut: (sides, words, world) =>
    touchesOthers(sides, { ...words, length: pages(words.length) * PAGE }, world),
  run: (side, words, world) => [side.sys.munmap(addressOf(side, words, world), words.length)],
  settle(words, [result], world) {
    const mapping = world.mapping(words)
    if (result === 0 && mapping !== undefined) world.unmap(mapping, words.at, words.length)
  },
}

interface RemapWords extends MapRef {
  readonly at: number
  readonly before: number
  readonly after: number
  readonly flags: number
}

const mremap: Operation<RemapWords> = {
  name: 'mremap',
  group: 'memory',
  weight: 2,
  arguments: fc.record({
    map: mapRef.map(({ map }) => map),
    at: range.at,
    before: length,
    after: length,
    flags: fc.constantFrom(1, 1, 1, 0, 0, 8, 0x80),
  }),
  isLeftOut(sides, words, world) {
    const { at, before, after, flags } = words
    // Whether there is room behind a mapping is the kernel's choice of addresses.
    const grows = pages(after) > pages(before)
    const file = world.mapping(words)?.file
    if (grows && (flags & uapi.MREMAP_MAYMOVE) === 0 && file?.growable === true) return true
    const longest = Math.max(pages(before), pages(after)) * PAGE
    return touchesOthers(sides, { ...words, length: longest, at }, world)
  },
  run(side, words, world) {
    const { before, after, flags } = words
    const address = addressOf(side, words, world)
    const result = side.sys.mremap(address, before, after, flags)
    if (result < 0) return [result]
    if (pages(after) <= pages(before)) return [result === address ? 'shrunk' : 'elsewhere']
    side.addresses.set(world.mappings.length, result)
    return ['grown']
  },
  settle(words, [result], world) {
    const mapping = world.mapping(words)
    if (mapping === undefined) return
    const { at, before, after } = words
    if (result === 'shrunk') {
      world.unmap(mapping, at + pages(after) * PAGE, (pages(before) - pages(after)) * PAGE)
    }
    if (result !== 'grown') return
    world.unmap(mapping, at, before)
    world.map(after, mapping.file)
  },
}

interface StoreWords extends RangeWords {
  readonly value: number
}

const access = fc.record({
  map: mapRef.map(({ map }) => map),
  at: fc.oneof(
    { weight: 4, arbitrary: fc.nat({ max: 2 * PAGE }) },
    { weight: 1, arbitrary: fc.oneof(range.at, fc.nat({ max: 6 * PAGE })) },
  ),
  length: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(1, 4, 64, 100, 4096) },
    { weight: 1, arbitrary: length },
  ),
})

const load: Operation<RangeWords> = {
  name: 'load',
  group: 'memory',
  weight: 6,
  arguments: access,
  isLeftOut: (sides, words, world) => words.length === 0 || touchesOthers(sides, words, world),
  run(side, words, world) {
    const target = new Uint8Array(words.length)
    const result = side.sys.load(addressOf(side, words, world), target)
    return result < 0 ? [result] : [result, summary(target)]
  },
}

const store: Operation<StoreWords> = {
  name: 'store',
  group: 'memory',
  weight: 8,
  arguments: fc
    .tuple(access, fc.integer({ min: 1, max: 255 }))
    .map(([words, value]) => ({ ...words, value })),
  isLeftOut: (sides, words, world) => words.length === 0 || touchesOthers(sides, words, world),
  run: (side, words, world) => [
    side.sys.store(addressOf(side, words, world), pattern(words.length, words.value)),
  ],
}

/** A buffer's bytes through a separate mapping. */
const contents: Operation<{ fd: FdRef }> = {
  name: 'contents',
  group: 'memory',
  weight: 3,
  arguments: fc.record({ fd: fdOf('dma-buf', 'dma-buf', 'memfd') }),
  run: (side, { fd }, world) => contentsOf(side, world.slot(fd)),
}

/** Its size, and its bytes seen through a fresh mapping. */
export function contentsOf(side: Side, slot: number): readonly (number | string)[] {
  const fd = side.fd(slot)
  const size = side.sys.lseek(fd, 0, uapi.SEEK_END)
  if (size <= 0) return [size]
  const address = side.sys.mmap(size, uapi.PROT_READ, uapi.MAP_SHARED, fd, 0)
  if (address < 0) return [size, address]
  const bytes = new Uint8Array(size)
  const result = side.sys.load(address, bytes)
  side.sys.munmap(address, size)
  return result < 0 ? [size, result] : [size, summary(bytes)]
}

function addressOf(side: Side, words: { map: number; at: number }, world: World): number {
  const mapping = world.mapping(words)
  const base = mapping === undefined ? 0x1000_0000 : (side.addresses.get(mapping.id) ?? 0)
  return base + words.at
}

function pages(bytes: number): number {
  return Math.ceil(bytes / PAGE)
}

/**
 * Whether the range, seen from a mapping that it has left in part, lies over another one on either
 * kernel: addresses are used again as each likes.
 */
function touchesOthers(sides: readonly Side[], words: RangeWords, world: World): boolean {
  const own = world.mapping(words)
  return sides.some((side) => {
    const start = addressOf(side, words, world)
    const end = start + Math.max(1, words.length)
    return world.mappings.some(
      (other) =>
        other !== own && livePages(side, other).some((at) => at < end && at + PAGE > start),
    )
  })
}

function livePages(side: Side, mapping: Mapping): number[] {
  const base = side.addresses.get(mapping.id) ?? 0
  return mapping.pages.flatMap((live, page) => (live ? [base + page * PAGE] : []))
}

export const memory = [mmap, munmap, mremap, load, store, contents]
