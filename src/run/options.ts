import type { RunOptions } from './run-program.ts'

const KNOWN: Readonly<Record<keyof RunOptions, true>> = {
  board: true,
  as: true,
  policy: true,
  seed: true,
  source: true,
  views: true,
  drivers: true,
  signal: true,
  equal: true,
  prepare: true,
  onFrame: true,
  onEvent: true,
  disabledRules: true,
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
  const { seed = 1, views } = options
  if (!Number.isInteger(seed) || seed < 0 || seed >= SEEDS) {
    throw new RangeError(`seed is ${String(seed)}: it must be an integer from 0 to ${SEEDS - 1}`)
  }
  if (!VIEWS.includes(views)) {
    throw new RangeError(`views is '${String(views)}': there are raw and checked`)
  }
}
