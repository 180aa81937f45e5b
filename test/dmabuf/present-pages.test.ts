import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PresentPages } from '../../src/kernel/dmabuf/present-pages.ts'

const PAGE = 4096
const PAGES = 12
const range = fc
  .tuple(fc.nat(PAGES * PAGE), fc.nat(PAGES * PAGE))
  .map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) }))
const step = fc.record({ what: fc.constantFrom('add', 'remove', 'missing'), range })

function pagesOf(ranges: readonly { start: number; end: number }[]): number[] {
  return ranges.flatMap(({ start, end }) => {
    expect([start % PAGE, end % PAGE]).toEqual([0, 0])
    return Array.from({ length: (end - start) / PAGE }, (_, i) => start / PAGE + i)
  })
}

describe('the pages of a mapping that are present', () => {
  it('are those of a set of page numbers', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const fast = new PresentPages()
        const naive = new Set<number>()
        for (const { what, range: one } of steps) {
          const first = Math.floor(one.start / PAGE)
          const last = Math.ceil(one.end / PAGE)
          const touched = Array.from({ length: Math.max(0, last - first) }, (_, i) => first + i)
          if (what === 'missing') {
            const missing = touched.filter((page) => !naive.has(page))
            expect(pagesOf(fast.missing(one.start, one.end))).toEqual(missing)
          } else if (what === 'add') {
            fast.add(one)
            for (const page of touched) naive.add(page)
          } else {
            const present = touched.filter((page) => naive.delete(page))
            expect(pagesOf(fast.remove(one.start, one.end))).toEqual(present)
          }
        }
      }),
      { numRuns: 500 },
    )
  })
})
