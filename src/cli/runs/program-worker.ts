/** A worker thread that has a program loaded and carries out its runs, and an end from outside. */

import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { MessageChannel, Worker } from 'node:worker_threads'
import type { ComparedSetup } from '../../check/report/comparison.ts'
import { withExplanation } from '../../check/report/explained.ts'
import { packageRoot } from '../package-root.ts'
import {
  type OwnBoard,
  type PictureFile,
  PROGRESS_BYTES,
  ProgressCounters,
  type RunProgress,
  type RunSetup,
  type TraceRequest,
  type WorkerMessage,
  type WorkerOrder,
  type WorkerSetup,
} from './messages.ts'
import { crashed, endedItself, exitedEarly, failedRecord, timedOut } from './no-record.ts'
import { type Printed, StreamTail } from './output.ts'
import type { RunPlan } from './plan.ts'
import type { Failure, RunRecord } from './record.ts'
import { type TimeLimit, watchTime } from './time-limit.ts'

/** Milliseconds for a thread to leave by itself; one that computes without end does not. */
const GRACE = 500
/** Milliseconds for a run whose time is over to report its findings. */
const REPORT = 1000

export interface WorkerHost {
  readonly limit: TimeLimit
  /** Ends everything when aborted. */
  readonly signal: AbortSignal
  /** Called with the user's files that were loaded, also where loading them failed. */
  readonly onFiles: (files: readonly string[]) => void
}

/** The products of a run beside its record. */
export interface RunWishes {
  readonly trace: TraceRequest | undefined
  /** The choices that the run begins with, as a schedule. */
  readonly order?: string | undefined
  /** The mechanism whose heap takes the place of the system heap, and when imports are mapped. */
  readonly compared?: ComparedSetup | undefined
  readonly onPicture: (picture: PictureFile) => void
}

export interface WorkerEnd {
  readonly plan: RunPlan
  readonly record: RunRecord
  readonly printed: Printed
}

/** The program could not be loaded; every other run would say the same. */
export class NotLoadedError extends Error {
  readonly failure: Failure
  /** The output of the file. */
  readonly printed: Printed

  constructor(failure: Failure, printed: Printed) {
    super(failure.message)
    this.failure = failure
    this.printed = printed
  }
}

/** An error while the command waited for the worker. */
class WorkerFailed extends Error {
  readonly failure: Failure

  constructor(failure: Failure) {
    super(failure.message)
    this.failure = failure
  }
}

export class ProgramWorker {
  readonly #setup: RunSetup
  readonly #host: WorkerHost
  readonly #worker: Worker
  readonly #counters: ProgressCounters
  readonly #stdout = new StreamTail()
  readonly #stderr = new StreamTail()
  #listener: ((message: WorkerMessage) => void) | undefined
  /** Called once, with why nothing more will come. */
  #onEnd: ((failure: Failure) => void) | undefined
  #end: Failure | undefined
  #exitCode: number | undefined
  #isReusable = true
  #boards: readonly OwnBoard[] = []

  /** Starts the thread, which begins to load the program. */
  constructor(setup: RunSetup, host: WorkerHost) {
    this.#setup = setup
    this.#host = host
    const { port1, port2 } = new MessageChannel()
    const progress = new SharedArrayBuffer(PROGRESS_BYTES)
    this.#counters = new ProgressCounters(progress)
    const workerData: WorkerSetup = { ...setup, port: port2, progress }
    this.#worker = new Worker(new URL('dist/cli/worker/entry.js', packageRoot), {
      workerData,
      transferList: [port2],
      stdout: true,
      stderr: true,
    })
    this.#stdout.listen(this.#worker.stdout)
    this.#stderr.listen(this.#worker.stderr)
    port1.on('message', (message: WorkerMessage) => this.#heard(message))
    this.#worker.on('error', (error) => this.#over(crashed(error)))
    // All that the thread has sent has come when the port closes; why it ended, when it exits.
    const gone = Promise.all([once(port1, 'close'), exitOf(this.#worker)])
    void gone.then(() => this.#over(this.#exitFailure()))
  }

  /** The boards that the program's file brings along. Known when it has loaded. */
  get boards(): readonly OwnBoard[] {
    return this.#boards
  }

  /** How far the run has come that goes on. */
  get progress(): RunProgress {
    return this.#counters.now
  }

  /** Whether another run can be made here as if in a new thread. */
  get isReusable(): boolean {
    return this.#isReusable && this.#end === undefined
  }

  /** May sleep, until the program has loaded. Returns why it could not, or rejects if it cannot ever. */
  async loaded(): Promise<Failure | undefined> {
    return await this.#failureOf(async () => {
      // The start of the thread does not count against the program's time.
      await this.#until(({ kind }) => kind === 'ready', undefined)
      await this.#until((message) => {
        if (message.kind === 'loaded') this.#boards = message.boards
        return message.kind === 'loaded'
      }, this.#host.limit)
    })
  }

  /** May sleep. One run; `onPicture` gets its pictures. Rejects with the error that `onPicture` throws. */
  async run(plan: RunPlan, { trace, order, compared, onPicture }: RunWishes): Promise<WorkerEnd> {
    this.#isReusable = false
    this.#counters.begin()
    let record: RunRecord | undefined
    this.#send({ kind: 'run', plan, trace, order, compared })
    const failure = await this.#failureOf(() =>
      this.#until((message) => {
        if (message.kind === 'picture') onPicture(message)
        if (message.kind === 'record') record = message.record
        if (message.kind === 'late' && record !== undefined) {
          record = { ...record, failure: withExplanation(message.failure, record.findings) }
        }
        if (message.kind !== 'done') return false
        this.#isReusable = message.isReusable
        return true
      }, this.#host.limit),
    )
    const known = record ?? failedRecord(plan, failure ?? crashed('it ended without a report'))
    return { plan, record: known, printed: this.takePrinted() }
  }

  takePrinted(): Printed {
    return { stdout: this.#stdout.take(), stderr: this.#stderr.take() }
  }

  /** May sleep, until the thread is gone. */
  async close(): Promise<void> {
    if (this.#setup.linux !== undefined) await this.#leave()
    await this.#worker.terminate()
  }

  /** May sleep. Lets a thread go that watches descriptors of a real kernel: it ends these before itself. */
  async #leave(): Promise<void> {
    if (this.#worker.threadId < 0) return
    const over = new AbortController()
    const { signal } = over
    this.#send({ kind: 'leave' })
    await Promise.race([
      once(this.#worker, 'exit', { signal }),
      sleep(GRACE, undefined, { signal }),
    ])
    over.abort()
  }

  #send(order: WorkerOrder): void {
    this.#worker.postMessage(order)
  }

  #heard(message: WorkerMessage): void {
    if (message.kind === 'exits') this.#exitCode = message.code
    else if (message.kind === 'files') this.#host.onFiles(message.files)
    else this.#listener?.(message)
  }

  #exitFailure(): Failure {
    return this.#exitCode === undefined ? endedItself() : exitedEarly(this.#exitCode)
  }

  #over(failure: Failure): void {
    this.#end ??= failure
    this.#onEnd?.(this.#end)
  }

  async #failureOf(body: () => Promise<void>): Promise<Failure | undefined> {
    try {
      await body()
      return undefined
    } catch (error) {
      if (error instanceof WorkerFailed) return error.failure
      throw error
    } finally {
      this.#listener = undefined
      this.#onEnd = undefined
    }
  }

  /** May sleep, until `isLast` holds of a message. Rejects when the thread ends, or its time has. */
  async #until(
    isLast: (message: WorkerMessage) => boolean,
    limit: TimeLimit | undefined,
  ): Promise<void> {
    const { signal } = this.#host
    signal.throwIfAborted()
    let stop = (): void => {}
    try {
      await new Promise<void>((resolve, reject) => {
        const fail = (failure: Failure): void => reject(new WorkerFailed(failure))
        let killing: NodeJS.Timeout | undefined
        // A program that yields is stopped from inside, with all that was found until then.
        const onOver = (): void => {
          if (killing !== undefined || limit === undefined) return
          const failure = timedOut(limit, this.progress)
          this.#send({ kind: 'stop', failure })
          killing = setTimeout(() => fail(failure), REPORT)
        }
        const onAbort = (): void => reject(signal.reason)
        const stopClock = limit && watchTime(limit, () => this.progress, onOver)
        signal.addEventListener('abort', onAbort)
        stop = () => {
          stopClock?.()
          clearTimeout(killing)
          signal.removeEventListener('abort', onAbort)
        }
        this.#onEnd = fail
        this.#listener = (message) => {
          try {
            if (message.kind === 'not-loaded')
              throw new NotLoadedError(message.failure, this.takePrinted())
            if (isLast(message)) resolve()
          } catch (error) {
            reject(error)
          }
        }
        if (this.#end !== undefined) fail(this.#end)
      })
    } finally {
      stop()
    }
  }
}

async function exitOf(worker: Worker): Promise<void> {
  await new Promise((resolve) => worker.once('exit', resolve))
}
