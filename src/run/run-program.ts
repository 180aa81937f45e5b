/** Running a program on a simulated board, and judging it. */
import { Checker } from '../check/checker.ts'
import type { RunReport, Verdict } from '../check/report/run-report.ts'
import type { RuleId } from '../check/rule-id.ts'
import { EventBatch } from '../events/batch.ts'
import type { DmabufEvent } from '../events/event.ts'
import {
  type Board,
  boardNamed,
  bouncesAlike,
  type CachePolicy,
  type Cost,
  type Driver,
  type EqualBytes,
  eagerPolicy,
  type FrameSource,
  judgedFor,
  lazyPolicy,
  Random,
  randomPolicy,
  type ShownFrame,
  SimKernel,
} from '../sim/index.ts'
import { Callbacks, endAfter } from './callbacks.ts'
import { endEvent, judged, siteOf, withoutRules, withPlans } from './judging.ts'
import { checkOptions, checkProgram } from './options.ts'
import { placeOf } from './places.ts'
import type { PolicyName } from './plan.ts'
import type { Prepare, Program, ProgramError } from './program.ts'
import { runOnKernel, type TellingKernel } from './run-on-kernel.ts'
import { supervise } from './supervise.ts'

export interface RunOptions {
  /**
   * The kernel to run on: `openLinux()` of dmabuf/linux. No board is simulated then, and the options
   * about one are refused; the verdict goes by what the program's calls tell, and the result says which
   * rules that leaves out. A simulated board when left out.
   */
  readonly kernel?: TellingKernel | undefined
  /** A ready board's name, or a table of one's own; `arm-soc` when left out. */
  readonly board?: Board | string | undefined
  /** The board that is judged; on a coherent one its reference board, else the board itself. */
  readonly as?: Board | string | undefined
  readonly policy?: PolicyName | undefined
  /** For the random policy and the order of tasks; 1 when left out. */
  readonly seed?: number | undefined
  /**
   * The release of Linux that is simulated, as `6.12.95`; 6.12.107 when left out. udmabuf's cache work
   * goes by it.
   */
  readonly linux?: string | undefined
  /** What the camera sees; a test pattern when left out. */
  readonly source?: FrameSource | undefined
  /** Virtual nanoseconds between two pictures of the camera; a thirtieth of a second when left out. */
  readonly frameInterval?: number | undefined
  /** `checked` hands out slow arrays that see every single load and store. */
  readonly views?: 'raw' | 'checked' | undefined
  /** Drivers of one's own, probed before the program begins. */
  readonly drivers?: readonly Driver[] | undefined
  readonly signal?: AbortSignal | undefined
  /** A native comparison of bytes, where the host has one. */
  readonly equal?: EqualBytes | undefined
  /** Prepares the kernel before the program begins: planned failures, listeners. */
  readonly prepare?: Prepare | undefined
  /** What it throws ends the run as an error of the program does, as do `onEvent`, `prepare` and `source`. */
  readonly onFrame?: ((frame: ShownFrame) => void) | undefined
  readonly onEvent?: ((event: DmabufEvent) => void) | undefined
  /** Rules that report nothing in this run. */
  readonly disabledRules?: readonly RuleId[] | undefined
}

/** The result of one run of a program. */
export interface RunResult extends RunReport {
  /** `none` on a real kernel. */
  readonly policy: PolicyName | 'none'
  /** `failed`: the program did not run to completion and no finding says why, so nothing is proved. */
  readonly verdict: Verdict
  /** On a real kernel only the calls and the time are known. */
  readonly cost: Cost
  /** The value that the program returned. */
  readonly value?: unknown
  /** Absent when the program returned and left no call under way. */
  readonly error?: ProgramError | undefined
}

/**
 * May sleep. Runs `program` on a simulated board until it ends, releases everything it left, and tells
 * what was found; or on the kernel of the options. Rejects for wrong options alone; how the program
 * itself failed is in the result.
 */
export async function runProgram(program: Program, options: RunOptions = {}): Promise<RunResult> {
  checkProgram(program)
  checkOptions(options)
  if (options.kernel !== undefined) return await runOnKernel(program, options.kernel, options)
  const { policy = 'lazy', seed = 1 } = options
  const board = boardNamed(options.board ?? 'arm-soc')
  const reference = options.as === undefined ? judgedFor(board) : boardNamed(options.as)
  const random = new Random(seed)
  const callbacks = new Callbacks()
  const onFrame = callbacks.guarded('onFrame', options.onFrame)
  let frames = 0
  let reportStuck: (waiting: readonly string[]) => void = () => {}
  const kernel = new SimKernel({
    board,
    judged: reference,
    policy: policyNamed(policy, random),
    linux: options.linux,
    source: options.source && callbacks.guardedSource(options.source),
    frameInterval: options.frameInterval,
    views: options.views,
    drivers: options.drivers,
    equal: options.equal,
    scheduler: {
      ...(policy === 'random' ? { choose: (count: number) => random.below(count) } : {}),
      onStuck: (waiting) => reportStuck(waiting),
    },
    onFrame: (frame) => {
      if (frame.first) frames++
      onFrame(frame)
    },
  })
  const checker = new Checker({
    site: siteOf,
    locate: placeOf,
    notCheckable: bouncesAlike(board, reference) ? [] : ['bounce-not-synced'],
    lineSize: reference.lineSize,
  })
  const batch = new EventBatch((event) => checker.observe(event))
  kernel.events.listen((event) => batch.add(event))
  if (options.onEvent !== undefined) {
    kernel.events.listen(callbacks.guarded('onEvent', options.onEvent))
  }
  callbacks.call('prepare', () => options.prepare?.(kernel))
  const ended = await supervise(program, kernel, {
    signal: options.signal,
    onCallbackError: (report) => callbacks.onError(report),
    onStuck: (report) => {
      reportStuck = report
    },
  })
  const cost = kernel.cost
  finish(kernel, 'error' in ended ? ended.error : undefined)
  batch.flush()
  // `onEvent` hears of what is released as well.
  const end = endAfter(ended, callbacks)
  const result = withPlans(
    withoutRules(checker.finish(), options.disabledRules ?? []),
    kernel.failuresNotReached,
  )
  return {
    board: board.name,
    judgedAs: reference.name,
    policy,
    seed,
    ...result,
    cost,
    frames,
    ...judged(end, result),
  }
}

/** The program is over: what it still has is a leak, and is released. */
function finish(kernel: SimKernel, error: ProgramError | undefined): void {
  kernel.events.emit(endEvent(error))
  kernel.exit()
}

function policyNamed(name: PolicyName, random: Random): CachePolicy {
  switch (name) {
    case 'lazy':
      return lazyPolicy
    case 'eager':
      return eagerPolicy
    case 'random':
      return randomPolicy(random)
  }
}
