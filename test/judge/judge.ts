/** One program, run by the naive machine and by the fast one under the checker. */
import { Checker } from '../../src/check/index.ts'
import type { DmabufEvent } from '../../src/events/event.ts'
import { SeededChoices } from '../../src/machine/choices.ts'
import {
  type CachePolicy,
  eagerPolicy,
  lazyPolicy,
  randomPolicy,
} from '../../src/machine/policy.ts'
import type { Freedoms } from '../../src/machine/state-table.ts'
import { NaiveMachine } from '../naive/machine.ts'
import { LINE_SIZE, type Program } from '../naive/program.ts'
import type { Traits } from '../naive/traits.ts'
import { differences, misnamed } from './differences.ts'
import { boardFor } from './fast/boards.ts'
import { FastRun } from './fast/run.ts'

const POLICIES = {
  lazy: () => lazyPolicy,
  eager: () => eagerPolicy,
  random: () => randomPolicy(new SeededChoices(7)),
} satisfies Record<string, () => CachePolicy>

export type PolicyName = keyof typeof POLICIES
export const POLICY_NAMES: readonly PolicyName[] = ['lazy', 'eager', 'random']

export interface JudgeOptions {
  readonly policy: PolicyName
  readonly traits: Traits
  /** The program runs on a coherent board, and is judged for the traits all the same. */
  readonly onLaptop?: boolean | undefined
  /** The board of the fast machine; the same traits, except for machines under test. */
  readonly builtAs?: Traits | undefined
  /** For machines under test. */
  readonly freedoms?: Freedoms | undefined
  /** The event that the checker gets instead of the real one. */
  readonly distort?: ((event: DmabufEvent) => DmabufEvent) | undefined
}

/** The program on both machines. */
export interface BothRuns {
  readonly program: Program
  readonly naive: NaiveMachine
  readonly fast: FastRun
}

export async function runBoth(program: Program, asked: JudgeOptions): Promise<BothRuns> {
  const { policy, traits, freedoms, onLaptop = false, builtAs = traits } = asked
  const judged = boardFor(builtAs)
  const board = onLaptop ? boardFor({ ...builtAs, coherent: true }) : judged
  const naive = new NaiveMachine(traits, program)
  const { leftOut: leaveOut } = naive
  const options = { policy: POLICIES[policy](), board, judged, freedoms, leaveOut }
  const fast = new FastRun(options, program)
  await fast.run()
  return { program, naive, fast }
}

export interface Judgement {
  /** The steps whose reads some legal choice makes wrong. */
  readonly harmful: readonly number[]
  /** The steps whose reads brought a data finding. */
  readonly found: readonly number[]
  /** Whether there are data findings even where no read may go wrong. */
  readonly unfounded: boolean
  /** The steps whose hazards name another store than the one whose bytes are right. */
  readonly misnamed: readonly number[]
  /** Bytes that no legal hardware returns, and hazards where none is or none where one is. */
  readonly differences: readonly string[]
}

/** Runs `program` both ways; `harmful` and `found` are equal where the checker is right. */
export async function judge(program: Program, options: JudgeOptions): Promise<Judgement> {
  const { distort = (event) => event, onLaptop = false } = options
  const both = await runBoth(program, options)
  const { naive, fast } = both
  const judged = (step: number): boolean => !naive.unjudged.has(step)
  const wrong = naive.reads.filter(({ right, possible }) => [...possible].some((v) => v !== right))
  const events = fast.events.map(distort)
  const found = events
    .filter(isReadWithHazards)
    .filter(({ id }) => judged(fast.stepOf(id)) && findsHarm(events, id))
    .map(({ id }) => fast.stepOf(id))
  return {
    harmful: [...new Set(wrong.map(({ step }) => step))].filter(judged),
    found,
    unfounded: findsHarm(events, undefined),
    misnamed: misnamed(both).filter(judged),
    differences: differences(both, onLaptop),
  }
}

function isReadWithHazards(event: DmabufEvent): boolean {
  const isRead = event.kind === 'cpu-load' || event.kind === 'device-load'
  return isRead && event.hazards.length > 0
}

/** Whether the checker finds harm if `read` alone may go wrong (or none), with all other events. */
function findsHarm(events: readonly DmabufEvent[], read: number | undefined): boolean {
  const checker = new Checker({ lineSize: LINE_SIZE })
  for (const event of events) {
    const other = 'hazards' in event && event.id !== read
    checker.observe(other ? { ...event, hazards: [] } : event)
  }
  return checker.finish().findings.some(({ data }) => data)
}
