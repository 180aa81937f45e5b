/** Progress on stderr: a spinner in a terminal, a line now and then in a pipe or a log. */
import { createSpinner } from 'nanospinner'
import type { RunProgress } from '../runs/messages.ts'
import { type RunPlan, runName } from '../runs/plan.ts'
import { printAside } from './print.ts'

export interface Progress {
  /** The number of runs is known. */
  planned(runs: number): void
  /** A run begins; `read` returns its progress. */
  started(plan: RunPlan, read: () => RunProgress): void
  /** A run is over. */
  ended(plan: RunPlan): void
  stop(): void
}

/** Milliseconds before anything is shown, and between two looks. */
const SPINNER = { delay: 500, every: 250 }
const LINES = { delay: 15_000, every: 15_000 }

/** `where`: the place of the runs, for people. */
export function showProgress(where: string): Progress {
  const tracker = new Tracker(where)
  // A terminal of no columns, as some containers have, makes the spinner clear lines for ever.
  const isTerminal = process.stderr.isTTY === true && process.stderr.columns > 0
  const stop = isTerminal ? spin(tracker) : printLines(tracker)
  return {
    planned: (runs) => tracker.planned(runs),
    started: (plan, read) => tracker.started(plan, read),
    ended: (plan) => tracker.ended(plan),
    stop,
  }
}

function spin(tracker: Tracker): () => void {
  const spinner = createSpinner('', { stream: process.stderr })
  const begin = setTimeout(() => spinner.start({ text: tracker.text() }), SPINNER.delay)
  const update = setInterval(() => {
    if (spinner.isSpinning()) spinner.update({ text: cut(tracker.text()) })
  }, SPINNER.every)
  const stop = (): void => {
    clearTimeout(begin)
    clearInterval(update)
    if (spinner.isSpinning()) spinner.stop()
  }
  // The cursor comes back when the command is interrupted, too.
  process.once('exit', stop)
  return stop
}

/** A line that wraps is not cleared. */
function cut(text: string): string {
  return text.slice(0, Math.max(20, process.stderr.columns - 4))
}

function printLines(tracker: Tracker): () => void {
  let timer = setTimeout(look, LINES.delay)
  function look(): void {
    void printAside(`${tracker.text()}\n`)
    timer = setTimeout(look, LINES.every)
  }
  return () => clearTimeout(timer)
}

/** One run under way. */
interface Running {
  readonly plan: RunPlan
  readonly read: () => RunProgress
  seen: RunProgress
  at: number
}

class Tracker {
  readonly #where: string
  #all: number | undefined
  #done = 0
  readonly #running = new Set<Running>()

  constructor(where: string) {
    this.#where = where
  }

  planned(runs: number): void {
    this.#all = runs
  }

  started(plan: RunPlan, read: () => RunProgress): void {
    this.#running.add({ plan, read, seen: read(), at: performance.now() })
  }

  ended(plan: RunPlan): void {
    this.#done++
    for (const running of this.#running) if (running.plan === plan) this.#running.delete(running)
  }

  /** `running on the simulated boards: 2 of 6 runs`, and the progress of each that is running. */
  text(): string {
    const runs = this.#all === undefined ? 'loading' : `${this.#done} of ${this.#all} runs`
    return [`running on ${this.#where}: ${runs}`, ...[...this.#running].map(runText)].join('; ')
  }
}

function runText(running: Running): string {
  const { plan, seen, at } = running
  const now = performance.now()
  const read = running.read()
  const rate = Math.round(((read.calls - seen.calls) * 1000) / Math.max(1, now - at))
  running.seen = read
  running.at = now
  return progressText(plan, read, rate)
}

/** `pc-lazy: frame 12 of 24, 350 ms virtual, 3400 calls/s`. */
export function progressText(plan: RunPlan, read: RunProgress, rate: number): string {
  const of = read.expectedFrames === 0 ? '' : ` of ${read.expectedFrames}`
  const frame = read.frames === 0 ? '' : `frame ${read.frames}${of}, `
  return `${runName(plan)}: ${frame}${(read.time / 1e6).toFixed(0)} ms virtual, ${rate} calls/s`
}
