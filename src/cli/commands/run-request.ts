/** The request of `dmabuf run`, checked before anything runs. */
import { resolve } from 'node:path'
import { parseSchedule } from '../../machine/schedule.ts'
import { messageOf } from '../../run/thrown.ts'
import { linuxRelease } from '../../syscalls/kernel-release.ts'
import { oneOf, pictureSize, seconds, wholeNumber } from '../arguments.ts'
import { type ClipOptions, readClip } from '../clip.ts'
import { isProgramName, programFile } from '../program-file.ts'
import type { ReportFlags } from '../reporters.ts'
import { type LinuxRequest, memoryModes } from '../runs/linux.ts'
import type { CameraInput } from '../runs/messages.ts'
import { type PolicyName, policyNames, type Selection } from '../runs/plan.ts'
import { type TimeLimit, USUAL_LIMIT } from '../runs/time-limit.ts'
import { UsageError } from '../usage-error.ts'

/** The options as the command line gives them. */
export interface RunFlags extends ReportFlags {
  readonly board?: readonly string[]
  readonly as?: string
  readonly policy?: readonly string[]
  readonly seed?: string
  readonly schedule?: string
  readonly input?: string
  readonly camera?: string
  readonly out?: string
  readonly trace?: string
  readonly timeout?: string
  readonly views?: string
  readonly linux?: string
  readonly kernel?: string
  readonly memory?: string
  readonly notes?: boolean
  readonly watch?: boolean
  readonly color: boolean
}

export interface RunRequest {
  /** The program, as an absolute path. */
  readonly file: string
  readonly selection: Selection
  readonly camera: CameraInput | undefined
  readonly out: string | undefined
  /** The file for the records of runs. */
  readonly trace: string | undefined
  /** The choices to replay, in the one run. */
  readonly schedule: string | undefined
  /** The program, as it was given. */
  readonly program: string
  readonly limit: TimeLimit
  readonly views: 'raw' | 'checked'
  /** The release of Linux that boards run; the usual one where it is undefined. */
  readonly release: string | undefined
  /** Set where the program is to run on the kernel of this machine, and on no board. */
  readonly linux: LinuxRequest | undefined
}

/** May sleep. Throws a UsageError for the first thing that is wrong, and the reason of `signal`. */
export async function runRequest(
  file: string,
  flags: RunFlags,
  signal: AbortSignal,
): Promise<RunRequest> {
  const { schedule, views = 'raw' } = flags
  const path = programFile(file)
  const limit = limitOf(flags.timeout)
  return {
    file: path,
    program: file,
    trace: traceFile(flags.trace),
    schedule,
    linux: linuxRequest(flags),
    selection: {
      // A name that is not ready may be that of a board in the file: the worker knows.
      boards: notEmpty('--board', flags.board),
      judgedAs: flags.as,
      policies: policies(notEmpty('--policy', flags.policy)),
      seed: seedOf(flags),
    },
    limit,
    views: oneOf('--views', views, ['raw', 'checked']),
    release: releaseName(flags.linux),
    out: outFolder(flags.out),
    camera: await cameraInput(flags, { patience: limit.seconds, signal }),
  }
}

function limitOf(timeout: string | undefined): TimeLimit {
  if (timeout === undefined) return USUAL_LIMIT
  return { seconds: seconds('--timeout', timeout), kind: 'total' }
}

function outFolder(out: string | undefined): string | undefined {
  if (out?.trim() === '') throw new UsageError('--out is empty', 'Name a folder, as in --out out.')
  return out === undefined ? undefined : resolve(out)
}

/** A schedule holds the seed. */
function seedOf({ seed, schedule }: RunFlags): number {
  if (schedule === undefined) return wholeNumber('--seed', seed ?? '1', 0, 2 ** 32 - 1)
  if (seed !== undefined) {
    throw new UsageError('--schedule and --seed exclude each other', 'A schedule holds the seed.')
  }
  try {
    return parseSchedule(schedule).seed ?? 1
  } catch (error) {
    throw new UsageError(
      `--schedule: ${messageOf(error)}`,
      'Copy the whole schedule from the report of a run.',
    )
  }
}

function traceFile(trace: string | undefined): string | undefined {
  if (trace === undefined) return undefined
  if (trace.trim() === '') {
    throw new UsageError('--trace is empty', 'Name a file, as in --trace out/run.ndjson.')
  }
  const file = resolve(trace)
  if (isProgramName(file)) {
    throw new UsageError(`--trace ${trace} is the name of a program, which is not overwritten`)
  }
  return file
}

/** May sleep. */
async function cameraInput(
  { input, camera }: RunFlags,
  options: ClipOptions,
): Promise<CameraInput | undefined> {
  if (input === undefined) return camera === undefined ? undefined : pictureSize('--camera', camera)
  if (camera !== undefined) {
    throw new UsageError('--camera and --input exclude each other', 'A clip has its own size.')
  }
  return { clip: await readClip(input, options) }
}

const SIMULATED = [
  'board',
  'as',
  'policy',
  'seed',
  'schedule',
  'input',
  'camera',
  'out',
  'views',
  'linux',
] as const

function linuxRequest(flags: RunFlags): LinuxRequest | undefined {
  const { kernel = 'sim', memory } = flags
  if (oneOf('--kernel', kernel, ['sim', 'linux']) === 'sim') {
    if (memory === undefined) return undefined
    throw new UsageError(
      '--memory only applies with --kernel linux',
      'Simulated boards have their own memory.',
    )
  }
  const wrong = SIMULATED.find((name) => flags[name] !== undefined)
  if (wrong !== undefined) {
    throw new UsageError(
      `--${wrong} only applies to simulated boards, not to --kernel linux`,
      'Remove one of the two options.',
    )
  }
  return { memory: memory === undefined ? 'auto' : oneOf('--memory', memory, memoryModes) }
}

function releaseName(name: string | undefined): string | undefined {
  try {
    return name === undefined ? undefined : linuxRelease(name).name
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new UsageError(`--${error.message}`)
  }
}

/** Throws a UsageError for an option without a name in it. */
export function notEmpty(
  option: string,
  words: readonly string[] | undefined,
): readonly string[] | undefined {
  if (words?.length === 0) throw new UsageError(`${option} needs at least one name`)
  return words
}

/** All policies where none was named. */
function policies(words: readonly string[] | undefined): readonly PolicyName[] {
  return words?.map((word) => oneOf('--policy', word, policyNames)) ?? policyNames
}
