/** Running a program on a simulated board, and judging it. */
import { Checker } from '../check/checker.ts'
import type { RunReport, Verdict } from '../check/report/run-report.ts'
import type { RuleId } from '../check/rules/index.ts'
import { EventBatch } from '../events/batch.ts'
import type { DmabufEvent } from '../events/event.ts'
import type { Wait } from '../sim/index.ts'
import {
  type Board,
  boardNamed,
  bouncesAlike,
  type CachePolicy,
  type Choices,
  type Cost,
  type CostTable,
  type Driver,
  type EqualBytes,
  eagerPolicy,
  type FrameSource,
  type ImportMapping,
  judgedFor,
  lazyPolicy,
  type PlannedFailure,
  randomPolicy,
  type ShownFrame,
  SimKernel,
  scheduleText,
} from '../sim/index.ts'
import { Callbacks, endAfter } from './callbacks.ts'
import { HeldBuffers } from './held-buffers.ts'
import { endEvent, judged, siteOf, withoutRules, withPlans } from './judging.ts'
import { checkOptions, checkProgram } from './options.ts'
import { PictureCount } from './picture-count.ts'
import { placeOf } from './places.ts'
import type { PolicyName } from './plan.ts'
import type { Prepare, Program, ProgramError } from './program.ts'
import { runOnKernel, type TellingKernel } from './run-on-kernel.ts'
import { runChoices } from './schedule.ts'
import { supervise } from './supervise.ts'
import { traceFor } from './trace.ts'

/** Where the record of a run goes. */
export interface TraceTarget {
  /** The name of the program in the record. */
  readonly program: string
  /** Takes each line, which ends with a newline, in order. */
  readonly write: (line: string) => void
}

/** How to run a program. Everything has a default. */
export interface RunOptions {
  /**
   * A real kernel to run on: `openLinux()` of dmabuf/linux. No board is simulated then, and options about
   * boards are refused. The verdict is based on the program's calls only; the result lists the rules that
   * need more. Default: a simulated board.
   */
  readonly kernel?: TellingKernel | undefined
  /** The name of a ready board, or your own table. Default: `arm-soc`. */
  readonly board?: Board | string | undefined
  /**
   * The board that the verdict is about. Default: the board of the run, or for a coherent board, on which no
   * bug shows, its reference (`arm-soc`).
   */
  readonly as?: Board | string | undefined
  /**
   * The caches' own operations in this run. `lazy` never evicts or prefetches by itself, `eager`
   * does at every chance, `random` by `seed`. The bytes depend on it, the findings do not, with two
   * exceptions. Stores by index to an array that has ended are found by `random`, by `lazy` in
   * every other access, and not by `eager`, which detaches the array. Stores through the array of a
   * raw mapping that repeat the value of a stale line are found by `lazy` alone for certain.
   * Default: `lazy`.
   */
  readonly policy?: PolicyName | undefined
  /** Seeds the random policy and, with it, the order of tasks: 0 to 2^32 - 1. Default: 1. */
  readonly seed?: number | undefined
  /**
   * Replays the choices of an earlier run: `schedule` of its result. Excludes `seed`. If the program does not come
   * to the same choices, the run ends with an error that names the first difference.
   */
  readonly schedule?: string | undefined
  /**
   * Chooses between tasks that are ready and between timers that are due at once; `seed` decides for the caches
   * of the random policy. `schedule` of the result replays the run. Excludes `schedule`.
   */
  readonly choices?: Choices | undefined
  /**
   * Calls, cache maintenance and copies take no virtual time, so that more orders of tasks are possible;
   * `exploreProgram` tries them. Excludes `schedule`, which says it for itself. Default: false.
   */
  readonly timeless?: boolean | undefined
  /**
   * Each call that can fail is a choice of `choices` as well: it succeeds, which comes first, or fails with its usual
   * error. So is each place inside the kernel that `kernel.fail` knows. `exploreProgram` tries them. Excludes
   * `schedule`, which says it for itself. Default: false.
   */
  readonly failures?: boolean | undefined
  /**
   * The release of Linux that is simulated, as `6.12.95`; 6.12.107 when left out. udmabuf's cache work
   * goes by it.
   */
  readonly linux?: string | undefined
  /** The pictures that the camera captures. Default: a test pattern of 640 by 360. */
  readonly source?: FrameSource | undefined
  /** Virtual nanoseconds between two pictures of the camera. Default: a thirtieth of a second. */
  readonly frameInterval?: number | undefined
  /** `checked`: slow arrays that record each load and store. Default: `raw`, plain arrays. */
  readonly views?: 'raw' | 'checked' | undefined
  /** Your own drivers, probed before the program begins. */
  readonly drivers?: readonly Driver[] | undefined
  /**
   * When the camera and the display map the buffers that they import. `kept`: once, as in Linux. `per-use`: for each
   * use by the device. Default: `kept`.
   */
  readonly imports?: ImportMapping | undefined
  /** A driver that adds the heap `system` in place of the built-in one, as those of `mechanisms` do. */
  readonly systemHeap?: Driver | undefined
  /** Stops the run when aborted; the result's error is then of kind `stopped`. */
  readonly signal?: AbortSignal | undefined
  /** A native comparison of bytes, to speed up long runs: in Node `(a, b) => Buffer.compare(a, b) === 0`. */
  readonly equal?: EqualBytes | undefined
  /** Called with the kernel before the program begins: plan failures with `kernel.fail`, add listeners. */
  readonly prepare?: Prepare | undefined
  /**
   * Called with each picture that the display scans out. An error that it throws ends the run as an error
   * of the program; so do errors of `onEvent`, `prepare` and `source`.
   */
  readonly onFrame?: ((frame: ShownFrame) => void) | undefined
  /** Called with each event of the simulation. */
  readonly onEvent?: ((event: DmabufEvent) => void) | undefined
  /** Records the run: `dmabuf check` and `checkTrace` of `dmabuf/check` judge the record again. */
  readonly trace?: TraceTarget | undefined
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
  /** With the option `failures`: those that were chosen, in order. */
  readonly failures?: readonly PlannedFailure[] | undefined
  /** Absent when the program returned and left no call under way. */
  readonly error?: ProgramError | undefined
}

/**
 * May sleep. Runs `program` once and reports the findings: on the simulated board `arm-soc` under
 * the `lazy` policy with seed 1, unless the options say otherwise. Resources that the program
 * leaves open are released and reported. Rejects for wrong options only; a failure of the program
 * itself is in the result. `runAll` runs it on several boards under every policy.
 */
export async function runProgram(program: Program, options: RunOptions = {}): Promise<RunResult> {
  checkProgram(program)
  checkOptions(options)
  if (options.kernel !== undefined) return await runOnKernel(program, options.kernel, options)
  const { policy = 'lazy' } = options
  const named = boardNamed(options.board ?? 'arm-soc')
  const reference = options.as === undefined ? judgedFor(named) : boardNamed(options.as)
  const callbacks = new Callbacks()
  const { choices, seed, schedule } = runChoices(options, callbacks)
  const { timeless: isTimeless, failures } = schedule()
  const board = isTimeless === true ? timeless(named) : named
  const onFrame = callbacks.guarded('onFrame', options.onFrame)
  const pictures = new PictureCount()
  let reportStuck: (waits: readonly Wait[]) => void = () => {}
  const kernel = new SimKernel({
    board,
    judged: reference,
    policy: policyNamed(policy, choices),
    linux: options.linux,
    source: options.source && callbacks.guardedSource(options.source),
    frameInterval: options.frameInterval,
    views: options.views,
    drivers: options.drivers,
    systemHeap: options.systemHeap,
    imports: options.imports,
    equal: options.equal,
    failures,
    scheduler: {
      choices,
      onStuck: (_waiting, waits) => reportStuck(waits),
    },
    onFrame: (frame) => {
      if (frame.first) pictures.add(frame)
      onFrame(frame)
    },
  })
  const notCheckable: RuleId[] = bouncesAlike(board, reference) ? [] : ['bounce-not-synced']
  const checker = new Checker({
    site: siteOf,
    locate: placeOf,
    notCheckable,
    lineSize: reference.lineSize,
  })
  const trace = traceFor(options.trace, callbacks, {
    ...{ board: board.name, judgedAs: reference.name, policy, seed, notCheckable },
    ...{ lineSize: reference.lineSize, shown: 'everything' },
  })
  const held = new HeldBuffers()
  const batch = new EventBatch((event) => checker.observe(event))
  kernel.events.listen((event) => held.observe(event))
  kernel.events.listen((event) => batch.add(event))
  if (trace !== undefined) kernel.events.listen((event) => trace.event(event))
  if (options.onEvent !== undefined) {
    kernel.events.listen(callbacks.guarded('onEvent', options.onEvent))
  }
  callbacks.call('prepare', () => options.prepare?.(kernel))
  const ended = await supervise(program, kernel, {
    signal: options.signal,
    held,
    onCallbackError: (report) => callbacks.onError(report),
    onStuck: (report) => {
      reportStuck = report
    },
  })
  const cost = kernel.cost
  finish(kernel, 'error' in ended ? ended.error : undefined)
  batch.flush()
  // `onEvent` gets the releases as well.
  const end = endAfter(ended, callbacks)
  const result = withPlans(
    withoutRules(checker.finish(), options.disabledRules ?? []),
    kernel.failuresNotReached,
  )
  const report = {
    board: board.name,
    judgedAs: reference.name,
    policy,
    seed,
    schedule: scheduleText(schedule()),
    ...(failures === true ? { failures: kernel.failuresChosen } : {}),
    ...result,
    cost,
    ...pictures.counts,
    ...judged(end, result),
  }
  trace?.end({ ...report, cost: { ...cost } })
  return report
}

const FREE: CostTable = {
  ...{ syscall: 0, cleanLine: 0, invalidateLine: 0, cpuByte: 0, dmaByte: 0 },
  ...{ uncachedByte: 0, writeCombineByte: 0 },
}

/** The board with calls that take no time. */
function timeless(board: Board): Board {
  return { ...board, cost: FREE }
}

/** The program is over: its remaining resources are leaks, and are released. */
function finish(kernel: SimKernel, error: ProgramError | undefined): void {
  kernel.events.emit(endEvent(error))
  kernel.exit()
}

function policyNamed(name: PolicyName, choices: Choices): CachePolicy {
  switch (name) {
    case 'lazy':
      return lazyPolicy
    case 'eager':
      return eagerPolicy
    case 'random':
      return randomPolicy(choices)
  }
}
