/** Each duty between a store and a read has a program that neglects it. */

import { runProgram } from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'
import { type Obligation, obligations } from '../../src/check/hazards/obligations.ts'
import { loadProgram, programNames } from '../bugs/programs.ts'
import { cases } from './cases/index.ts'
import { Story } from './story.ts'

/** Counts the breaches of each duty from now on. */
function counted(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const [by, list] of Object.entries(obligations)) {
    for (const row of list as Mutable<Obligation>[]) {
      const { breach } = row
      const key = `${by}: ${row.duty}`
      counts.set(key, 0)
      row.breach = (pair) => {
        const cause = breach(pair)
        if (cause !== undefined) {
          const mine = `${pair.store.by}: ${row.duty}`
          counts.set(mine, (counts.get(mine) ?? 0) + 1)
        }
        return cause
      }
    }
  }
  return counts
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

describe('the obligations', () => {
  it('are each neglected by a program', { timeout: 120_000 }, async () => {
    const counts = counted()
    for (const { bad } of cases) {
      const story = new Story()
      bad(story)
      story.check()
    }
    for (const name of programNames().filter((one) => !one.endsWith('.fixed'))) {
      const { program, prepare, drivers } = await loadProgram(name)
      for (const board of ['arm-soc', 'pc-bounce', 'arm-soc-iommu']) {
        await runProgram(program, { prepare, drivers, board })
      }
    }
    const never = [...counts].filter(([, count]) => count === 0).map(([duty]) => duty)
    expect(never).toEqual([])
  })
})
