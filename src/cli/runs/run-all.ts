/** All runs of a command, a few at a time. */
import { availableParallelism } from 'node:os'
import type { OwnBoard, PictureFile, RunProgress, RunSetup, TraceRequest } from './messages.ts'
import { failedRecord } from './no-record.ts'
import type { RunPlan } from './plan.ts'
import { ProgramWorker, type WorkerEnd, type WorkerHost } from './program-worker.ts'
import type { Failure } from './record.ts'

/** More threads than this want more memory than they save time. */
const MOST = 4

export interface RunsHost extends Pick<WorkerHost, 'limit' | 'onFiles'> {
  /** The most runs that may be asked for before the program's file is known. */
  readonly expected: number
  /** The program has loaded: returns the runs to make. Throws where there are none. */
  readonly plan: (boards: readonly OwnBoard[]) => readonly RunPlan[]
  /** The runs to report where the program does not load. */
  readonly planUnloaded: () => readonly RunPlan[]
  /** Called before a run begins, with how to see its progress. */
  readonly onStart: (plan: RunPlan, progress: () => RunProgress) => void
  /** Where the record of a run goes, if it is wanted. */
  readonly traceOf: (plan: RunPlan) => TraceRequest | undefined
  readonly onPicture: (plan: RunPlan, picture: PictureFile) => void
  /** Called when a run is over, in whichever order they end. */
  readonly onEnd: (end: WorkerEnd) => void
  readonly signal: AbortSignal
}

/**
 * May sleep. The ends of all runs, in the order of the plan. A thread takes one run after the other, as
 * long as it is as good as new. The first rejection ends the other runs.
 */
export async function runAll(setup: RunSetup, host: RunsHost): Promise<WorkerEnd[]> {
  const stop = new AbortController()
  const signal = AbortSignal.any([stop.signal, host.signal])
  const runs = new Runs(setup, host, signal)
  const count = Math.min(MOST, availableParallelism(), host.expected)
  const lanes = Array.from({ length: count }, () => runs.lane())
  try {
    await Promise.all(lanes)
  } catch (error) {
    stop.abort(error)
    await Promise.allSettled(lanes)
    throw error
  }
  return runs.ends
}

class Runs {
  readonly ends: WorkerEnd[] = []
  readonly #setup: RunSetup
  readonly #host: RunsHost
  readonly #signal: AbortSignal
  /** Set as soon as the program has loaded somewhere, or failed to. */
  #waiting: IterableIterator<[number, RunPlan]> | undefined
  #broken: Failure | undefined

  constructor(setup: RunSetup, host: RunsHost, signal: AbortSignal) {
    this.#setup = setup
    this.#host = host
    this.#signal = signal
  }

  /** May sleep. Makes runs until none are left. */
  async lane(): Promise<void> {
    let worker: ProgramWorker | undefined
    try {
      worker = await this.#loaded()
      for (const [index, plan] of this.#waiting ?? []) {
        if (worker?.isReusable !== true && this.#broken === undefined) {
          await worker?.close()
          worker = await this.#loaded()
        }
        this.#ended(index, await this.#run(worker, plan))
      }
    } finally {
      await worker?.close()
    }
  }

  /** May sleep. A thread with the program loaded; undefined where the program breaks while it loads. */
  async #loaded(): Promise<ProgramWorker | undefined> {
    const { limit, onFiles } = this.#host
    const worker = new ProgramWorker(this.#setup, { limit, onFiles, signal: this.#signal })
    try {
      this.#broken ??= await worker.loaded()
      const { plan, planUnloaded } = this.#host
      this.#waiting ??= (
        this.#broken === undefined ? plan(worker.boards) : planUnloaded()
      ).entries()
      return worker
    } catch (error) {
      await worker.close()
      throw error
    }
  }

  async #run(worker: ProgramWorker | undefined, plan: RunPlan): Promise<WorkerEnd> {
    if (worker === undefined || this.#broken !== undefined) {
      const printed = worker?.takePrinted() ?? { stdout: '', stderr: '' }
      const failure = this.#broken ?? { kind: 'crashed' as const, message: 'there is no thread' }
      return { plan, record: failedRecord(plan, failure), printed }
    }
    const running = worker
    this.#host.onStart(plan, () => running.progress)
    return await worker.run(plan, {
      trace: this.#host.traceOf(plan),
      onPicture: (picture) => this.#host.onPicture(plan, picture),
    })
  }

  #ended(index: number, end: WorkerEnd): void {
    this.ends[index] = end
    this.#host.onEnd(end)
  }
}
