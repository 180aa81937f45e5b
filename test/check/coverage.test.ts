import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Coverage } from '../../src/check/model/coverage.ts'

const SIZE = 40

const ranges = fc.array(
  fc
    .record({
      start: fc.integer({ min: 0, max: SIZE - 1 }),
      length: fc.integer({ min: 0, max: 8 }),
    })
    .map(({ start, length }) => ({ start, end: Math.min(SIZE, start + length) })),
  { maxLength: 20 },
)

test('what a coverage misses, after any ranges were added, are the bytes that are in none of them', () => {
  fc.assert(
    fc.property(ranges, (all) => {
      const coverage = new Coverage()
      const bytes = new Set<number>()
      for (const range of all) {
        coverage.add(range)
        for (let at = range.start; at < range.end; at++) bytes.add(at)
      }
      const missing = new Set<number>()
      for (const { start, end } of coverage.missing({ start: 0, end: SIZE })) {
        for (let at = start; at < end; at++) missing.add(at)
      }
      for (let at = 0; at < SIZE; at++) expect(missing.has(at)).toBe(!bytes.has(at))
      expect(coverage.isEmpty).toBe(bytes.size === 0)
    }),
    { seed: 20_261_126, numRuns: 300 },
  )
}, 20_000)
