/** One program, run by the naive machine and by the fast one under the checker. */
import { Checker } from '../../src/check/index.ts'
import type { DmabufEvent } from '../../src/events/event.ts'
import {
  type CachePolicy,
  eagerPolicy,
  lazyPolicy,
  randomPolicy,
} from '../../src/machine/policy.ts'
import { Random } from '../../src/machine/random.ts'
import type { Freedoms } from '../../src/machine/state-table.ts'
import { type CellRead, NaiveMachine } from '../naive/machine.ts'
import { CELL, LINE_SIZE, type Program } from '../naive/program.ts'
import { FastRun } from './run-fast.ts'

const POLICIES = {
  lazy: () => lazyPolicy,
  eager: () => eagerPolicy,
  random: () => randomPolicy(new Random(7)),
} satisfies Record<string, () => CachePolicy>

export type PolicyName = keyof typeof POLICIES
export const POLICY_NAMES: readonly PolicyName[] = ['lazy', 'eager', 'random']

export interface JudgeOptions {
  readonly policy: PolicyName
  readonly fromDevice: 'clean' | 'invalidate'
  /** For machines under test. */
  readonly freedoms?: Freedoms | undefined
  /** What the checker is shown instead of an event. */
  readonly distort?: ((event: DmabufEvent) => DmabufEvent) | undefined
}

export interface Judgement {
  /** The steps whose reads some legal choice makes wrong. */
  readonly harmful: readonly number[]
  /** The steps whose reads brought a data finding. */
  readonly found: readonly number[]
  /** The steps whose hazards name another store than the one whose bytes are right. */
  readonly misnamed: readonly number[]
}

/** Runs `program` both ways; the two lists are equal where the checker is right. */
export async function judge(program: Program, options: JudgeOptions): Promise<Judgement> {
  const { policy, fromDevice, freedoms, distort = (event) => event } = options
  const edges = fromDevice === 'clean' ? 'clean-invalidate' : 'invalidate'
  const naive = new NaiveMachine({ fromDevice, edges })
  naive.run(program)
  const wrong = naive.reads.filter(({ right, possible }) => [...possible].some((v) => v !== right))
  const fast = new FastRun({
    policy: POLICIES[policy](),
    board: { fromDeviceMap: fromDevice, edges },
    ...(freedoms === undefined ? {} : { freedoms }),
  })
  await fast.run(program)
  const events = fast.events.map(distort)
  const suspects = events.filter(isReadWithHazards).map(({ id }) => id)
  const found = suspects.filter((id) => findsHarm(events, id)).map((id) => fast.stepOf(id))
  const harmful = [...new Set(wrong.map(({ step }) => step))]
  return { harmful, found, misnamed: misnamed(naive.reads, fast) }
}

/** A store's value is its step; one through an array is told of in a later step, and left out here. */
function misnamed(reads: readonly CellRead[], fast: FastRun): number[] {
  const late = new Set(
    fast.events
      .filter((e) => e.kind === 'cpu-store' && e.seen === 'reconciled')
      .map(({ id }) => id),
  )
  const isWrong = ({ step, cell, right }: CellRead): boolean => {
    const hazards = fast.reads.find((read) => read.step === step)?.hazards ?? []
    const at = cell * CELL
    const hazard = hazards.find(({ range }) => range.start <= at && at < range.end)
    if (hazard === undefined || late.has(hazard.lastStore)) return false
    return fast.stepOf(hazard.lastStore) !== right
  }
  return reads.filter(isWrong).map(({ step }) => step)
}

function isReadWithHazards(event: DmabufEvent): boolean {
  const isRead = event.kind === 'cpu-load' || event.kind === 'device-load'
  return isRead && event.hazards.length > 0
}

/** Whether the checker finds harm where `read` alone may go wrong, with all that came before and after. */
function findsHarm(events: readonly DmabufEvent[], read: number): boolean {
  const checker = new Checker({ lineSize: LINE_SIZE })
  for (const event of events) {
    const other = 'hazards' in event && event.id !== read
    checker.observe(other ? { ...event, hazards: [] } : event)
  }
  return checker.finish().findings.some(({ data }) => data)
}
