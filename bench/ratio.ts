/** Two ways of doing a thing, measured in turn in one run, and compared pair by pair. */

export interface Ratio {
  readonly median: number
  readonly low: number
  readonly high: number
}

type Step = () => void | Promise<void>

async function timeOf(step: Step): Promise<number> {
  const start = performance.now()
  await step()
  return performance.now() - start
}

/** The tenth, fifth and ninth decile of `what` over `base`, after a warm-up. */
export async function ratioOf(what: Step, base: Step, rounds = 41, warmUp = 8): Promise<Ratio> {
  const ratios: number[] = []
  for (let i = 0; i < rounds + warmUp; i++) {
    const below = await timeOf(base)
    const above = await timeOf(what)
    if (i >= warmUp) ratios.push(above / below)
  }
  return deciles(ratios)
}

/** The same deciles of the time of `step` by itself, in milliseconds. */
export async function spreadOf(step: Step, rounds = 41, warmUp = 8): Promise<Ratio> {
  const times: number[] = []
  for (let i = 0; i < rounds + warmUp; i++) {
    const time = await timeOf(step)
    if (i >= warmUp) times.push(time)
  }
  return deciles(times)
}

function deciles(figures: readonly number[]): Ratio {
  const sorted = [...figures].sort((a, b) => a - b)
  const at = (part: number): number => sorted[Math.floor((sorted.length - 1) * part)] ?? Number.NaN
  return { median: at(0.5), low: at(0.1), high: at(0.9) }
}

export function show(name: string, ratio: Ratio, limit?: number): void {
  const figure = ratio.median.toFixed(2).padStart(6)
  const spread = `${ratio.low.toFixed(2)} to ${ratio.high.toFixed(2)}`
  const goal = limit === undefined ? 'reported' : `at most ${limit.toFixed(2)}`
  console.log(`${name.padEnd(64)} ${figure}  (${spread.padEnd(14)})  ${goal}`)
}
