/**
 * The naive machine and the fast one, on random programs: every byte that the fast machine returns is
 * one that legal hardware may return, and it names a hazard exactly where some legal choice goes wrong.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { eagerPolicy, lazyPolicy, randomPolicy } from '../../src/machine/policy.ts'
import { Random } from '../../src/machine/random.ts'
import { NaiveMachine, type Traits } from '../naive/machine.ts'
import { anyProgram, CELL, type Program } from '../naive/program.ts'
import { FastRun } from './run-fast.ts'

const POLICIES = {
  lazy: () => lazyPolicy,
  eager: () => eagerPolicy,
  random: () => randomPolicy(new Random(7)),
}

async function disagreements(
  program: Program,
  policy: keyof typeof POLICIES,
  traits: Traits,
): Promise<string[]> {
  const naive = new NaiveMachine(traits)
  naive.run(program)
  const fast = new FastRun({
    policy: POLICIES[policy](),
    board: { fromDeviceMap: traits.fromDevice, edges: traits.edges },
  })
  await fast.run(program)
  const wrong: string[] = []
  for (const read of naive.reads) {
    const mine = fast.reads.find((r) => r.step === read.step)
    if (mine === undefined) throw new Error(`step ${read.step} was not run`)
    const at = read.cell * CELL
    const hazard = mine.hazards.find((h) => h.range.start <= at && at < h.range.end)
    const got = mine.bytes[at - mine.start] as number
    const harmful = [...read.possible].some((value) => value !== read.right)
    const where = `step ${read.step} buffer ${read.buffer} cell ${read.cell}`
    if (!read.possible.has(got)) wrong.push(`${where}: got ${got}, legal are ${[...read.possible]}`)
    if (harmful !== (hazard !== undefined))
      wrong.push(`${where}: harmful ${harmful}, named ${hazard !== undefined}`)
    if (hazard !== undefined && got !== read.right && !hazard.wrongNow)
      wrong.push(`${where}: hidden, but wrong`)
  }
  return wrong
}

describe('the fast machine agrees with the naive one', () => {
  for (const policy of ['lazy', 'eager', 'random'] as const) {
    for (const fromDevice of ['clean', 'invalidate'] as const) {
      it(`under the ${policy} policy, from-device maps ${fromDevice}`, async () => {
        const traits: Traits = {
          fromDevice,
          edges: fromDevice === 'clean' ? 'clean-invalidate' : 'invalidate',
        }
        await fc.assert(
          fc.asyncProperty(anyProgram, async (program) => {
            expect(await disagreements(program, policy, traits)).toEqual([])
          }),
          { numRuns: 1500 },
        )
      }, 120_000)
    }
  }
})
