/**
 * The judge of the checker: an exhaustive enumeration of all that legal hardware may do. A program has
 * a data finding if and only if some legal choice makes one of its reads return wrong bytes.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Checker } from '../../src/check/index.ts'
import { eagerPolicy, lazyPolicy, randomPolicy } from '../../src/machine/policy.ts'
import { Random } from '../../src/machine/random.ts'
import { NaiveMachine, type Traits } from '../naive/machine.ts'
import { anyProgram, LINE_SIZE, type Program } from '../naive/program.ts'
import { FastRun } from './run-fast.ts'

const POLICIES = {
  lazy: () => lazyPolicy,
  eager: () => eagerPolicy,
  random: () => randomPolicy(new Random(7)),
}
const runs = Number(process.env.RUNS ?? 3500)

async function verdicts(program: Program, policy: keyof typeof POLICIES, traits: Traits) {
  const naive = new NaiveMachine(traits)
  naive.run(program)
  const fast = new FastRun({
    policy: POLICIES[policy](),
    board: { fromDeviceMap: traits.fromDevice, edges: traits.edges },
  })
  await fast.run(program)
  const checker = new Checker({ lineSize: LINE_SIZE })
  for (const event of fast.events) checker.observe(event)
  const harmful = naive.reads.some(({ right, possible }) => [...possible].some((v) => v !== right))
  return { harmful, found: checker.finish().findings.some(({ data }) => data) }
}

describe('a data finding if and only if some legal choice returns wrong bytes', () => {
  for (const policy of ['lazy', 'eager', 'random'] as const) {
    for (const fromDevice of ['clean', 'invalidate'] as const) {
      it(`under the ${policy} policy, from-device maps ${fromDevice}`, async () => {
        const edges = fromDevice === 'clean' ? 'clean-invalidate' : 'invalidate'
        const traits: Traits = { fromDevice, edges }
        await fc.assert(
          fc.asyncProperty(anyProgram, async (program) => {
            const { harmful, found } = await verdicts(program, policy, traits)
            expect(found).toBe(harmful)
          }),
          { numRuns: runs },
        )
      }, 120_000)
    }
  }
})
