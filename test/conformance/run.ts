import * as fc from 'fast-check'
import { beat } from '../../lab/guest/beat.ts'
import { setOriginCapture } from '../../src/syscalls/origin.ts'
import { Difference, lockstep } from './lockstep.ts'
import type { Group, Sequence, Step } from './operation.ts'
import { sequences } from './operations.ts'
import type { Side } from './side.ts'
import { Tally } from './tally.ts'

/** The operations to compare, and for how long. */
export interface RunRequest {
  /** New sides for a sequence; `end` is called when it is over. */
  readonly sides: () => { readonly sides: readonly Side[]; end(): void }
  readonly groups: readonly Group[]
  readonly seed: number
  /** Sequences are made up until each side has got this many calls. */
  readonly calls: number
  /** The longest sequence, in steps. */
  readonly longest?: number | undefined
  /** So many kinds of differences end the run. */
  readonly enough?: number | undefined
}

/** One way in which the kernels differ. */
export interface Found {
  /** The answer of each kernel, and the step. */
  readonly message: string
  /** The shortest sequence that was found to show it. */
  readonly sequence: Sequence
  readonly seed: number
}

export interface RunResult {
  /** Calls that each kernel got. */
  readonly calls: number
  readonly sequences: number
  readonly tally: Tally
  readonly differences: readonly Found[]
}

/** Sequences of one seed. */
const BATCH = 20
const ENOUGH = 12

/** Compares kernels on random sequences. Differences of one kind are reported once. */
export async function compareKernels(request: RunRequest): Promise<RunResult> {
  const tally = new Tally()
  const known = new Map<string, Found>()
  let calls = 0
  let count = 0
  const body = async (sequence: Sequence): Promise<void> => {
    try {
      calls += await once(request, sequence, known.size === 0 ? tally : undefined)
    } catch (error) {
      if (!(error instanceof Difference) || !known.has(error.kind)) throw error
    }
    count++
    beat()
  }
  const property = fc.asyncProperty(sequences(request.groups, request.longest), body)
  const { enough = ENOUGH } = request
  for (let seed = request.seed; calls < request.calls && known.size < enough; seed++) {
    // Steps that can be left out are found faster below than by shrinking the words of each.
    const details = await fc.check(property, { seed, numRuns: BATCH, endOnFailure: true })
    const [sequence] = details.counterexample ?? []
    if (!details.failed || sequence === undefined) continue
    const shown = details.errorInstance
    if (!(shown instanceof Difference)) throw shown
    known.set(shown.kind, { ...(await shortest(request, sequence, shown)), seed })
  }
  return { calls, sequences: count, tally, differences: [...known.values()] }
}

/**
 * Leaves out every step without which the difference is still shown, first half of the rest at a time,
 * then single ones; then makes numbers small.
 */
async function shortest(
  request: RunRequest,
  sequence: Sequence,
  { kind, message }: Difference,
): Promise<{ message: string; sequence: Sequence }> {
  let best = { message, sequence }
  const tryWith = async (candidate: Sequence): Promise<boolean> => {
    const shown = await differenceOf(request, candidate)
    if (shown?.kind !== kind) return false
    best = { message: shown.message, sequence: candidate }
    return true
  }
  for (let part = sequence.length >> 1; part > 0; part >>= 1) {
    for (let at = best.sequence.length - part; at >= 0; at -= part) {
      await tryWith(best.sequence.filter((_, i) => i < at || i >= at + part))
    }
  }
  for (let i = 0; i < best.sequence.length; i++) {
    for (const step of simpler(best.sequence[i] as Step)) {
      if (await tryWith(best.sequence.map((old, at) => (at === i ? step : old)))) break
    }
  }
  return best
}

/** The step with one of its numbers smaller. */
function simpler(step: Step): Step[] {
  return Object.entries(step).flatMap(([word, value]) => {
    const smaller = typeof value === 'number' ? [0, 1, 4096].filter((n) => n < value) : []
    return smaller.map((n) => ({ ...step, [word]: n }))
  })
}

/** The difference that `sequence` shows, if any. */
export async function differenceOf(
  request: Pick<RunRequest, 'sides'>,
  sequence: Sequence,
): Promise<Difference | undefined> {
  try {
    await once(request, sequence)
    return undefined
  } catch (error) {
    if (error instanceof Difference) return error
    throw error
  }
}

/** Returns how many calls each side got, at least. */
export async function once(
  { sides: make }: Pick<RunRequest, 'sides'>,
  sequence: Sequence,
  tally?: Tally,
): Promise<number> {
  // Lines of the program cost more than the calls themselves, and are not used here.
  setOriginCapture(false)
  const { sides, end } = make()
  try {
    await lockstep(sides, sequence, tally)
  } finally {
    end()
    setOriginCapture(true)
  }
  return Math.min(...sides.map(({ calls }) => calls))
}

/** A difference as code that shows it again, and belongs into found.ts once it is fixed. */
export function asCode({ message, sequence, seed }: Found): string {
  const steps = sequence.map((step) => `  ${JSON.stringify(step)},`)
  return [`difference (seed ${seed}) at ${message}`, '[', ...steps, ']'].join('\n')
}
