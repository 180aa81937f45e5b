import fc from 'fast-check'
import { expect, it } from 'vitest'
import { changedRuns, equalBytes } from '../../src/machine/changed-runs.ts'
import { storedParts } from '../../src/machine/stored-parts.ts'

const LINE = 16
const change = fc.record({ at: fc.nat(299), length: fc.integer({ min: 1, max: 40 }) })

it('finds every changed byte, and no line without one', async () => {
  await fc.assert(
    fc.property(fc.array(change, { maxLength: 5 }), fc.nat(60), (changes, start) => {
      const before = new Uint8Array(320)
      const now = before.slice()
      for (const { at, length } of changes) now.fill(7, at, at + length)
      const runs = changedRuns(now, before, start, 320)
      const inRun = (i: number): boolean => runs.some((run) => run.start <= i && i < run.end)
      for (let i = start; i < 320; i++) if (now[i] !== before[i]) expect(inRun(i)).toBe(true)
      for (const { start: from, end } of runs) {
        expect(now[from]).not.toBe(before[from])
        expect(now[end - 1]).not.toBe(before[end - 1])
        for (let line = Math.floor(from / LINE); line * LINE < end; line++) {
          const bytes = [...now.subarray(Math.max(start, line * LINE), (line + 1) * LINE)]
          expect(bytes.some((byte) => byte !== 0)).toBe(true)
        }
      }
    }),
    { numRuns: 1000 },
  )
})

it('compares arrays of any alignment', () => {
  const whole = Uint8Array.from({ length: 33 }, (_, i) => i)
  expect(equalBytes(whole.subarray(1, 9), whole.slice(1, 9))).toBe(true)
  expect(equalBytes(whole.subarray(0, 32), whole.slice(0, 32))).toBe(true)
  expect(equalBytes(whole.subarray(0, 32), whole.subarray(1, 33))).toBe(false)
})

it('takes an equal word for stored where the nearest changed word holds the same value', () => {
  const before = new Uint8Array(LINE).fill(1)
  before.fill(9, 4, 8)
  const boxOfNines = new Uint8Array(LINE).fill(9)
  expect(storedParts(boxOfNines, before, 0, LINE, LINE)).toEqual([{ start: 0, end: LINE }])
})

it('takes an equal word for not stored where the line shows no reason for it', () => {
  const before = new Uint8Array(LINE).fill(1)
  const half = before.slice()
  half.fill(9, 0, 8)
  expect(storedParts(half, before, 0, LINE, LINE)).toEqual([{ start: 0, end: 8 }])
})
