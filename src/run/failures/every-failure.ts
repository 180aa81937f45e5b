/** Driving every unwind path: a program, run once for each thing in it that can fail. */

import type { ErrnoCode } from '../../abi/errno.ts'
import type { Finding } from '../../check/finding.ts'
import type { DmabufEvent } from '../../events/event.ts'
import { canFail, type SimKernel, usualError } from '../../sim/index.ts'
import type { Program, ProgramError } from '../program.ts'
import { type RunOptions, type RunResult, runProgram } from '../run-program.ts'
import { type Held, Holdings } from './held.ts'

/** The checks of DMA-API debugging, double unmaps among them. */
const DMA_DEBUG: string = 'dma-api-misuse'

/** One call, request or place inside the kernel that is made to fail. */
export interface FailurePoint {
  /** `mmap`, `DMA_BUF_IOCTL_SYNC`, `map_dma_buf`: as `kernel.fail` knows it. */
  readonly call: string
  /** Which one of them, counted from 1. */
  readonly nth: number
  readonly code: ErrnoCode
}

export interface FailureOutcome extends FailurePoint {
  /** How the program took it: it went on and returned, or it ended with an error. */
  readonly end: 'returned' | ProgramError['kind']
  readonly error: string | undefined
  /** Resources that the program still held at its end, and those that were never released. */
  readonly leaks: readonly Held[]
  /** Bytes of memory that were not freed after everything was released. */
  readonly leakedBytes: number
  /** Findings that a run without failures does not have. */
  readonly findings: readonly Finding[]
}

export interface EveryFailureResult {
  readonly verdict: 'clean' | 'findings'
  /** The run in which nothing was made to fail. */
  readonly baseline: RunResult
  /** One for each possible failure, in the order in which the calls are first made. */
  readonly outcomes: readonly FailureOutcome[]
  /**
   * Those with a leak, of memory too, a finding about ownership (group E: double releases, use
   * after release, warnings of the kernel's own checks), or a program that hangs.
   */
  readonly bad: readonly FailureOutcome[]
}

export interface EveryFailureOptions extends RunOptions {
  /** Which calls to fail; all that can when left out. */
  readonly only?: ((call: string) => boolean) | undefined
  /** The error of a call, if not its usual one. */
  readonly codes?: Readonly<Record<string, ErrnoCode>> | undefined
  /** At most so many of one call: the first ones. All when left out. */
  readonly most?: number | undefined
  readonly onProgress?: ((done: number, all: number) => void) | undefined
}

/**
 * May sleep. Runs `program` once with nothing failing, then once for every call that it and the
 * drivers under it made, with that one call failing. A program takes a failure well when it hangs
 * nowhere, releases all it has, and releases nothing twice; whether it throws is its own business.
 * Rejects for wrong options, and where the run without failures does not return.
 */
export async function runEveryFailure(
  program: Program,
  options: EveryFailureOptions = {},
): Promise<EveryFailureResult> {
  const { only = () => true, codes = {}, most = Number.POSITIVE_INFINITY, onProgress } = options
  const { result: baseline, counts } = await oneRun(program, options)
  if (baseline.error !== undefined) {
    throw new Error(`the program fails by itself: ${baseline.error.message}`)
  }
  const calls = [...counts].filter(([call]) => canFail(call) && only(call))
  const points = calls.flatMap(([call, count]): FailurePoint[] => {
    const code = codes[call] ?? usualError(call)
    return Array.from({ length: Math.min(count, most) }, (_, i) => ({ call, nth: i + 1, code }))
  })
  const outcomes: FailureOutcome[] = []
  for (const point of points) {
    outcomes.push(await outcomeOf(program, options, point, baseline))
    onProgress?.(outcomes.length, points.length)
  }
  const bad = outcomes.filter(isBad)
  const isClean = bad.length === 0 && baseline.verdict === 'clean'
  return { verdict: isClean ? 'clean' : 'findings', baseline, outcomes, bad }
}

async function outcomeOf(
  program: Program,
  options: EveryFailureOptions,
  point: FailurePoint,
  baseline: RunResult,
): Promise<FailureOutcome> {
  const { result, leaks, leakedBytes } = await oneRun(program, options, point)
  const known = new Set(baseline.findings.map(({ rule }) => rule))
  return {
    ...point,
    end: result.error?.kind ?? 'returned',
    error: result.error?.message,
    leaks,
    leakedBytes,
    findings: result.findings.filter(({ rule }) => !known.has(rule)),
  }
}

function isBad({ leaks, leakedBytes, findings, end }: FailureOutcome): boolean {
  const hangs = end !== 'returned' && end !== 'threw'
  return leaks.length > 0 || leakedBytes > 0 || hangs || findings.some(isAboutOwnership)
}

function isAboutOwnership({ group, rule }: Finding): boolean {
  return group.startsWith('E') || rule === DMA_DEBUG
}

interface OneRun {
  readonly result: RunResult
  readonly leaks: readonly Held[]
  readonly leakedBytes: number
  readonly counts: ReadonlyMap<string, number>
}

async function oneRun(
  program: Program,
  { only: _only, codes: _codes, most: _most, onProgress: _on, ...options }: EveryFailureOptions,
  point?: FailurePoint,
): Promise<OneRun> {
  const holdings = new Holdings()
  let kernel: SimKernel | undefined
  let before: ReadonlySet<unknown> = new Set()
  let atEnd: readonly Held[] = []
  let bytesBefore = 0
  const begun: Program = (running) => {
    // Resources of a driver's probe are its own until it is removed.
    before = new Set(holdings.all)
    return program(running)
  }
  const result = await runProgram(begun, {
    ...options,
    prepare: (prepared) => {
      kernel = prepared
      bytesBefore = prepared.memoryInUse
      options.prepare?.(prepared)
      if (point !== undefined) prepared.fail(point.call, point.nth, point.code)
    },
    onEvent: (event: DmabufEvent) => {
      if (event.kind === 'program-end') {
        atEnd = holdings.ofProgram.filter((held) => !before.has(held))
      }
      holdings.observe(event)
      options.onEvent?.(event)
    },
  })
  const leaks = unique([...atEnd, ...holdings.all])
  const leakedBytes = (kernel?.memoryInUse ?? bytesBefore) - bytesBefore
  return { result, leaks, leakedBytes, counts: countsOf(kernel) }
}

function countsOf(kernel: SimKernel | undefined): ReadonlyMap<string, number> {
  return new Map(kernel?.callCounts)
}

/** Resources that were never released were held at the program's end as well, in most cases. */
function unique(held: readonly Held[]): Held[] {
  return [...new Set(held)]
}
