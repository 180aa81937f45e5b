/** The interval map against an array with one entry a byte. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { LineMap } from '../../src/machine/line-map.ts'

const SIZE = 40
const update = fc.record({
  start: fc.nat(SIZE),
  length: fc.nat(SIZE),
  what: fc.constantFrom('actual', 'possible', 'writer'),
  value: fc.nat(2),
})

interface Cell {
  actual: number
  possible: number
  writer: number
}

function read(map: LineMap, start: number, end: number): Cell[] {
  const cells: Cell[] = []
  map.each(start, end, ({ start: from, end: to, actual, possible, writer }) => {
    for (let i = from; i < to; i++) cells.push({ actual, possible, writer })
  })
  return cells
}

it('knows of every byte what an array would, and keeps equal neighbours joined', async () => {
  await fc.assert(
    fc.property(fc.array(update, { maxLength: 30 }), (updates) => {
      const map = new LineMap(SIZE, 0, 0, 0)
      const naive: Cell[] = Array.from({ length: SIZE }, () => ({
        actual: 0,
        possible: 0,
        writer: 0,
      }))
      for (const { start, length, what, value } of updates) {
        const end = Math.min(SIZE, start + length)
        map.update(start, end, (interval) => {
          interval[what] = value
        })
        for (let i = start; i < end; i++) (naive[i] as Cell)[what] = value
        expect(read(map, start, end)).toEqual(naive.slice(start, end))
      }
      expect(read(map, 0, SIZE)).toEqual(naive)
      const borders = naive.filter(
        (cell, i) => i > 0 && JSON.stringify(cell) !== JSON.stringify(naive[i - 1]),
      )
      expect(map.length).toBe(borders.length + 1)
    }),
    { numRuns: 500 },
  )
})
