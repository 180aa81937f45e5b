import { U32_MAX } from '../base/bits.ts'
import { ruleIds } from '../check/rules/lookup.ts'
import { type Choices, importMappings, parseSchedule } from '../sim/index.ts'
import * as check from '../syscalls/arguments.ts'
import { policyNames, USUAL_BOARDS } from './plan.ts'
import type { RunAllOptions } from './run-all.ts'
import type { RunOptions } from './run-program.ts'

/** Whether an option is about every kernel, or about the simulated one alone. */
const KNOWN: Readonly<Record<keyof RunOptions, 'any' | 'sim'>> = {
  board: 'sim',
  as: 'sim',
  policy: 'sim',
  seed: 'sim',
  schedule: 'sim',
  choices: 'sim',
  timeless: 'sim',
  failures: 'sim',
  linux: 'sim',
  source: 'sim',
  frameInterval: 'sim',
  views: 'sim',
  drivers: 'sim',
  systemHeap: 'sim',
  imports: 'sim',
  signal: 'any',
  equal: 'sim',
  prepare: 'sim',
  onFrame: 'sim',
  onEvent: 'any',
  trace: 'any',
  disabledRules: 'any',
  kernel: 'any',
}
const FUNCTIONS = ['equal', 'prepare', 'onFrame', 'onEvent'] as const

export function checkProgram(program: unknown): void {
  check.callable('program', program)
}

/**
 * Checks the options of `runProgram`. ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE for unknown
 * options and ERR_OUT_OF_RANGE, as syscalls/arguments.ts; RangeError for options that exclude each
 * other.
 */
export function checkOptions(options: RunOptions): void {
  checkNames(options, Object.keys(KNOWN))
  check.signal('options.signal', options.signal)
  checkFunctions(options)
  checkRules(options.disabledRules)
  checkTrace(options.trace)
  if (options.kernel !== undefined) checkKernel(options, options.kernel)
  checkBoardOptions(options)
}

function checkNames(options: object, known: readonly string[]): void {
  check.options('options', options)
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue
    throw check.wrongValue('options', `has only the options ${known.join(', ')}`, name)
  }
}

/** Options of `runProgram` that `runAll` has in another form, or not. */
const ONE_RUN: readonly string[] = [
  'board',
  'policy',
  'kernel',
  'onEvent',
  'trace',
  'schedule',
  'choices',
]

/** Checks the options of `runAll` beside those of one run; errors as `checkOptions`. */
export function checkRunAll(options: RunAllOptions): void {
  const shared = Object.keys(KNOWN).filter((name) => !ONE_RUN.includes(name))
  checkNames(options, ['boards', 'policies', ...shared])
  const { boards = USUAL_BOARDS, policies = policyNames } = options
  for (const [name, value] of Object.entries({ boards, policies })) {
    check.list(`options.${name}`, value)
    check.integer(`options.${name}.length`, value.length, 1)
  }
  for (const policy of policies) check.oneOf('options.policies[]', policy, policyNames)
}

function checkFunctions(options: RunOptions): void {
  for (const name of FUNCTIONS) {
    if (options[name] !== undefined) check.callable(`options.${name}`, options[name])
  }
}

function checkChoices(choices: Choices, schedule: string | undefined): void {
  check.having('options.choices', choices, 'an object with a method `choose`', 'choose')
  check.callable('options.choices.choose', choices.choose)
  if (schedule !== undefined) {
    throw new RangeError('options.choices and options.schedule exclude each other: both choose')
  }
}

/** An option that a schedule says for itself. */
function checkMark(name: string, value: unknown, schedule: string | undefined): void {
  if (typeof value !== 'boolean') throw check.wrongType(name, 'a boolean', value)
  if (schedule !== undefined) {
    throw new RangeError(`${name} and options.schedule exclude each other`)
  }
}

function checkSchedule(schedule: unknown, seed: number | undefined): void {
  check.text('options.schedule', schedule)
  if (seed !== undefined) {
    throw new RangeError('options.schedule and options.seed exclude each other: it holds the seed')
  }
  parseSchedule(schedule)
}

function checkTrace(trace: unknown): void {
  if (trace === undefined) return
  check.options('options.trace', trace)
  const { program, write } = trace as { program?: unknown; write?: unknown }
  check.text('options.trace.program', program)
  check.callable('options.trace.write', write)
}

function checkRules(disabled: unknown): void {
  if (disabled === undefined) return
  check.list('options.disabledRules', disabled)
  for (const rule of disabled) check.oneOf('options.disabledRules[]', rule, ruleIds)
}

/** Options about the simulated board. */
function checkBoardOptions(options: RunOptions): void {
  const {
    board,
    as,
    policy,
    seed,
    schedule,
    choices,
    timeless,
    failures,
    imports,
    systemHeap,
    source,
    frameInterval,
    views,
    drivers,
  } = options
  if (board !== undefined) checkBoard('options.board', board)
  if (as !== undefined) checkBoard('options.as', as)
  if (policy !== undefined) check.oneOf('options.policy', policy, policyNames)
  if (seed !== undefined) check.integer('options.seed', seed, 0, U32_MAX)
  if (schedule !== undefined) checkSchedule(schedule, seed)
  if (timeless !== undefined) checkMark('options.timeless', timeless, schedule)
  if (failures !== undefined) checkMark('options.failures', failures, schedule)
  if (choices !== undefined) checkChoices(choices, schedule)
  if (source !== undefined) checkSource(source)
  if (frameInterval !== undefined) check.integer('options.frameInterval', frameInterval, 1)
  if (views !== undefined) check.oneOf('options.views', views, ['raw', 'checked'])
  if (drivers !== undefined) check.list('options.drivers', drivers)
  if (systemHeap !== undefined) {
    check.having('options.systemHeap', systemHeap, 'a driver', 'name', 'probe')
  }
  if (imports !== undefined) check.oneOf('options.imports', imports, importMappings)
}

/** Which names there are, and whether the table is sound, is `boardNamed`'s. */
function checkBoard(name: string, board: unknown): void {
  if (typeof board === 'string') return
  check.having(name, board, 'the name of a built-in board or a board table')
}

function checkSource(source: unknown): void {
  const name = 'options.source'
  check.having(name, source, 'a FrameSource, such as that of patternSource()', 'frame')
  const { width, height, frameCount, frame } = source as Record<string, unknown>
  check.callable(`${name}.frame`, frame)
  checkSide(`${name}.width`, width)
  checkSide(`${name}.height`, height)
  if (frameCount !== Number.POSITIVE_INFINITY) check.integer(`${name}.frameCount`, frameCount, 1)
}

function checkSide(name: string, side: unknown): void {
  check.integer(name, side, 1)
  if (side % 2 !== 0) throw check.outOfRange(name, 'an even number of pixels', side)
}

/** A real kernel has no board, and nothing of one. */
function checkKernel(options: RunOptions, kernel: NonNullable<RunOptions['kernel']>): void {
  check.having('options.kernel', kernel, 'a Kernel, such as that of openLinux()', 'name', 'sys')
  if (kernel.name === 'sim') {
    throw new RangeError(
      "option 'kernel' is a simulated kernel: name its board with 'board' instead",
    )
  }
  for (const [option, about] of Object.entries(KNOWN) as [keyof RunOptions, 'any' | 'sim'][]) {
    if (about === 'any' || options[option] === undefined) continue
    throw new RangeError(
      `option '${option}' only applies to simulated boards: leave it out with 'kernel'`,
    )
  }
}
