import fc from 'fast-check'
import { expect, it } from 'vitest'
import { joinedRuns } from '../../src/kernel/dma/joined-runs.ts'
import type { StorageRun } from '../../src/kernel/dma/sg-table.ts'
import { Storage } from '../../src/machine/storage.ts'

const LINE = 64
const storages = [1, 2].map((id) => {
  const bytes = new Uint8Array(1024)
  return new Storage(id, [], { memory: bytes, cached: bytes }, { actual: 2, possible: 4 })
})
const run = fc.record({
  storage: fc.constantFrom(...storages),
  offset: fc.integer({ min: 0, max: 30 }).map((half) => half * 32),
  length: fc.constantFrom(32, 64),
})

/** How often each byte is in some run, and where the lines are in which a run begins or ends. */
function facts(runs: readonly StorageRun[]): { bytes: number[][]; edges: Set<string> } {
  const bytes = storages.map(({ size }) => new Array<number>(size).fill(0))
  const edges = new Set<string>()
  for (const { storage, offset, length } of runs) {
    const counts = bytes[storages.indexOf(storage)] as number[]
    for (let at = offset; at < offset + length; at++) (counts[at] as number)++
    for (const edge of [offset, offset + length]) {
      if (edge % LINE !== 0) edges.add(`${storage.id} ${edge}`)
    }
  }
  return { bytes, edges }
}

it('holds the same bytes as the list, with the same edges within lines', () => {
  fc.assert(
    fc.property(fc.array(run, { maxLength: 12 }), (runs) => {
      expect(facts(joinedRuns(runs, LINE))).toEqual(facts(runs))
    }),
  )
})

it('joins pages that a list has in any order', () => {
  const [storage] = storages as [Storage]
  const runs = [512, 0, 256, 768].map((offset) => ({ storage, offset, length: 256 }))
  expect(joinedRuns(runs, LINE)).toEqual([{ storage, offset: 0, length: 1024 }])
})
