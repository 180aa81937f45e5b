import { ruleIds } from '../check/rules.ts'
import { policyNames, USUAL_BOARDS } from './plan.ts'
import type { RunAllOptions } from './run-all.ts'
import type { RunOptions } from './run-program.ts'

/** Whether an option is about every kernel, or about the simulated one alone. */
const KNOWN: Readonly<Record<keyof RunOptions, 'any' | 'sim'>> = {
  board: 'sim',
  as: 'sim',
  policy: 'sim',
  seed: 'sim',
  source: 'sim',
  views: 'sim',
  drivers: 'sim',
  signal: 'any',
  equal: 'sim',
  prepare: 'sim',
  onFrame: 'sim',
  onEvent: 'any',
  disabledRules: 'any',
  kernel: 'any',
}
const VIEWS: readonly unknown[] = ['raw', 'checked', undefined]
const SEEDS = 2 ** 32

/** TypeError unless `program` can be called. */
export function checkProgram(program: unknown): void {
  if (typeof program !== 'function') throw wrongType('program', program, 'a function')
}

/** What an option must be, where it is there at all. */
const TYPES: Readonly<Partial<Record<keyof RunOptions, 'function' | 'object' | 'array'>>> = {
  source: 'object',
  drivers: 'array',
  signal: 'object',
  equal: 'function',
  prepare: 'function',
  onFrame: 'function',
  onEvent: 'function',
  disabledRules: 'array',
  kernel: 'object',
}

/** RangeError for options that are not known, and for values that no run can have. */
export function checkOptions(options: RunOptions): void {
  checkNames(options, Object.keys(KNOWN))
  checkTypes(options)
  if (options.kernel !== undefined) checkKernel(options, options.kernel)
  const { seed = 1, views } = options
  if (!Number.isInteger(seed) || seed < 0 || seed >= SEEDS) {
    throw new RangeError(`seed is ${String(seed)}: it must be an integer from 0 to ${SEEDS - 1}`)
  }
  if (!VIEWS.includes(views)) {
    throw new RangeError(`views is '${String(views)}': there are raw and checked`)
  }
}

function checkNames(options: object, known: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue
    throw new RangeError(`option '${name}' is not known: there are ${known.join(', ')}`)
  }
}

/** Options of `runProgram` that `runAll` has in another form, or not. */
const ONE_RUN: readonly string[] = ['board', 'policy', 'kernel', 'onEvent']

/** RangeError for options that are not known, for no board or policy, and for one that does not exist. */
export function checkRunAll(options: RunAllOptions): void {
  const shared = Object.keys(KNOWN).filter((name) => !ONE_RUN.includes(name))
  checkNames(options, ['boards', 'policies', ...shared])
  const { boards = USUAL_BOARDS, policies = policyNames } = options
  for (const [name, value] of Object.entries({ boards, policies })) {
    if (!Array.isArray(value)) throw wrongType(`option '${name}'`, value, 'an array')
    if (value.length === 0) throw new RangeError(`option '${name}' is empty: nothing would run`)
  }
  for (const policy of policies) {
    if (policyNames.includes(policy)) continue
    throw new RangeError(
      `option 'policies' names '${String(policy)}': choose from ${policyNames.join(', ')}`,
    )
  }
}

function checkTypes(options: RunOptions): void {
  for (const [name, wanted] of Object.entries(TYPES)) {
    const value = options[name as keyof RunOptions] as unknown
    if (value === undefined || kindOf(value) === wanted) continue
    throw wrongType(`option '${name}'`, value, `${wanted === 'function' ? 'a' : 'an'} ${wanted}`)
  }
  for (const name of ['board', 'as'] as const) {
    const value: unknown = options[name]
    if (value === undefined || typeof value === 'string' || kindOf(value) === 'object') continue
    throw wrongType(`option '${name}'`, value, "a ready board's name or a table")
  }
  const { signal } = options
  if (signal !== undefined && typeof signal.addEventListener !== 'function') {
    throw wrongType("option 'signal'", signal, 'an AbortSignal')
  }
  if (options.source !== undefined) checkSource(options.source)
  for (const rule of options.disabledRules ?? []) {
    if (ruleIds.includes(rule)) continue
    throw new RangeError(`option 'disabledRules' names '${String(rule)}': there is no such rule`)
  }
}

function checkSource(source: NonNullable<RunOptions['source']>): void {
  const { width, height, frameCount, frame } = source as Partial<typeof source>
  if (typeof frame !== 'function') throw wrongType("option 'source.frame'", frame, 'a function')
  for (const [name, side] of Object.entries({ width, height })) {
    if (Number.isInteger(side) && Number(side) > 0 && Number(side) % 2 === 0) continue
    throw new RangeError(
      `option 'source.${name}' is ${String(side)}: it must be a positive even number of pixels`,
    )
  }
  if (frameCount === Number.POSITIVE_INFINITY) return
  if (Number.isInteger(frameCount) && Number(frameCount) > 0) return
  throw new RangeError(
    `option 'source.frameCount' is ${String(frameCount)}: it must be a positive integer or Infinity`,
  )
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return value === null ? 'null' : typeof value
}

/** As Node words it. */
function wrongType(name: string, value: unknown, wanted: string): TypeError {
  const error = new TypeError(`${name} is ${kindOf(value)}: it must be ${wanted}`)
  return Object.assign(error, { code: 'ERR_INVALID_ARG_TYPE' })
}

/** A real kernel has no board, and nothing of one. */
function checkKernel(options: RunOptions, { name }: NonNullable<RunOptions['kernel']>): void {
  if (name === 'sim') {
    throw new RangeError(
      "option 'kernel' is a simulated kernel: name its board with 'board' instead",
    )
  }
  for (const [option, about] of Object.entries(KNOWN) as [keyof RunOptions, 'any' | 'sim'][]) {
    if (about === 'any' || options[option] === undefined) continue
    throw new RangeError(`option '${option}' is about simulated boards: leave it out with 'kernel'`)
  }
}
