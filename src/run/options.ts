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

/** RangeError for options that are not known, and for values that no run can have. */
export function checkOptions(options: RunOptions): void {
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(KNOWN, name)) continue
    throw new RangeError(
      `option '${name}' is not known: there are ${Object.keys(KNOWN).join(', ')}`,
    )
  }
  if (options.kernel !== undefined) checkKernel(options, options.kernel)
  const { seed = 1, views } = options
  if (!Number.isInteger(seed) || seed < 0 || seed >= SEEDS) {
    throw new RangeError(`seed is ${String(seed)}: it must be an integer from 0 to ${SEEDS - 1}`)
  }
  if (!VIEWS.includes(views)) {
    throw new RangeError(`views is '${String(views)}': there are raw and checked`)
  }
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
