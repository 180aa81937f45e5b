import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MappedRanges } from '../../src/check/model/mapped-ranges.ts'
import type { CpuMapEvent } from '../../src/events/event.ts'

function mapOf(
  mapping: number,
  attribute: CpuMapEvent['attribute'],
  start: number,
  length: number,
): CpuMapEvent {
  const range = { start, end: start + length }
  return { kind: 'cpu-map', buffer: 1, mapping, attribute, range } as CpuMapEvent
}

const changes = fc.array(
  fc.record({
    attribute: fc.constantFrom('cached' as const, 'write-combine' as const),
    start: fc.integer({ min: 0, max: 20 }),
    length: fc.integer({ min: 1, max: 8 }),
    drops: fc.boolean(),
  }),
  { maxLength: 40 },
)

test('an alias of a mapping is found exactly where a living one of another attribute overlaps it', () => {
  fc.assert(
    fc.property(changes, (all) => {
      const ranges = new MappedRanges()
      const living: CpuMapEvent[] = []
      all.forEach(({ attribute, start, length, drops }, mapping) => {
        const oldest = drops ? living.shift() : undefined
        if (oldest !== undefined) ranges.delete(oldest)
        const map = mapOf(mapping, attribute, start, length)
        const aliases = living.filter(
          (other) =>
            other.attribute !== attribute &&
            other.range.start < map.range.end &&
            map.range.start < other.range.end,
        )
        const found = ranges.aliasOf(map, 1, map.range)
        expect(found === undefined ? 0 : 1).toBe(Math.min(aliases.length, 1))
        if (found !== undefined) expect(aliases).toContain(found)
        ranges.add(map)
        living.push(map)
      })
    }),
    { seed: 20_261_126, numRuns: 300 },
  )
}, 20_000)
