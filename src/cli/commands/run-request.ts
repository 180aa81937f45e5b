/** What `dmabuf run` was asked for, checked before anything runs. */
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { linuxRelease } from '../../uapi/kernel-release.ts'
import { oneOf, seconds, wholeNumber } from '../arguments.ts'
import { readClip } from '../clip.ts'
import { type LinuxRequest, memoryModes } from '../runs/linux.ts'
import { type PolicyName, policyNames, type Selection } from '../runs/plan.ts'
import { UsageError } from '../usage-error.ts'

/** The options as the command line gives them. */
export interface RunFlags {
  readonly board?: readonly string[]
  readonly as?: string
  readonly policy?: readonly string[]
  readonly seed?: string
  readonly input?: string
  readonly out?: string
  readonly timeout?: string
  readonly views?: string
  readonly linux?: string
  readonly kernel?: string
  readonly memory?: string
  readonly json?: boolean
  readonly color: boolean
}

export interface RunRequest {
  /** The program, as an absolute path. */
  readonly file: string
  readonly selection: Selection
  readonly clip: Uint8Array | undefined
  readonly out: string | undefined
  /** Wall-clock seconds for each run. */
  readonly timeout: number
  readonly views: 'raw' | 'checked'
  /** The release of Linux that boards run; the usual one where it is undefined. */
  readonly release: string | undefined
  /** Set where the program is to run on the kernel of this machine, and on no board. */
  readonly linux: LinuxRequest | undefined
}

const PROGRAMS = /\.[cm]?[jt]sx?$/

/** Throws a UsageError for the first thing that is wrong. */
export function runRequest(file: string, flags: RunFlags): RunRequest {
  const { seed = '1', timeout = '60', views = 'raw' } = flags
  const program = programFile(file)
  return {
    file: program,
    linux: linuxRequest(flags),
    selection: {
      // A name that is not ready may be that of a board in the file: the worker knows.
      boards: notEmpty('--board', flags.board),
      judgedAs: flags.as,
      policies: policies(notEmpty('--policy', flags.policy)),
      seed: wholeNumber('--seed', seed, 0, 2 ** 32 - 1),
    },
    timeout: seconds('--timeout', timeout),
    views: oneOf('--views', views, ['raw', 'checked']),
    release: releaseName(flags.linux),
    out: flags.out === undefined ? undefined : resolve(flags.out),
    clip: flags.input === undefined ? undefined : readClip(flags.input),
  }
}

const SIMULATED = ['board', 'as', 'policy', 'seed', 'input', 'out', 'views', 'linux'] as const

function linuxRequest(flags: RunFlags): LinuxRequest | undefined {
  const { kernel = 'sim', memory } = flags
  if (oneOf('--kernel', kernel, ['sim', 'linux']) === 'sim') {
    if (memory === undefined) return undefined
    throw new UsageError('--memory is about --kernel linux', 'Simulated boards have their own.')
  }
  const wrong = SIMULATED.find((name) => flags[name] !== undefined)
  if (wrong !== undefined) {
    throw new UsageError(
      `--${wrong} makes no sense with --kernel linux`,
      'It is about simulated boards and their devices: there are none in such a run.',
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

function notEmpty(
  option: string,
  words: readonly string[] | undefined,
): readonly string[] | undefined {
  if (words?.length === 0) throw new UsageError(`${option} names nothing`)
  return words
}

/** All policies where none was named. */
function policies(words: readonly string[] | undefined): readonly PolicyName[] {
  return words?.map((word) => oneOf('--policy', word, policyNames)) ?? policyNames
}

function programFile(file: string): string {
  const path = resolve(file)
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) {
    throw new UsageError(`there is no file ${file}`, `Paths are relative to ${process.cwd()}.`)
  }
  if (!found.isFile()) throw new UsageError(`${file} is not a file`)
  if (!PROGRAMS.test(path)) {
    throw new UsageError(`${file} is no program`, 'It must end in .ts, .mts, .js or .mjs.')
  }
  return path
}
