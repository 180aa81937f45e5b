/** One run in a worker thread of its own: fresh modules, and an end from outside if it needs one. */
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { withExplanation } from '../../check/report/explained.ts'
import type { OwnBoard, WorkerMessage, WorkerTask } from './messages.ts'
import { crashed, exitedEarly, failedRecord, timedOut } from './no-record.ts'
import { ProgramOutput } from './output.ts'
import type { Failure, RunRecord } from './record.ts'

/** Milliseconds for a thread to leave by itself; one that computes without end does not. */
const GRACE = 500

export interface WorkerHost {
  /** Wall-clock seconds. */
  readonly timeout: number
  readonly onLoaded: (boards: readonly OwnBoard[]) => void
  readonly onFrame: (index: number, png: Uint8Array) => void
  /** Ends the run when aborted. */
  readonly signal: AbortSignal
}

export interface WorkerEnd {
  readonly record: RunRecord
  /** What the program printed. */
  readonly output: string
}

/** The program could not be loaded; every other run would say the same. */
export class NotLoadedError extends Error {
  readonly failure: Failure

  constructor(failure: Failure) {
    super(failure.message)
    this.failure = failure
  }
}

/** May sleep. Runs `task`; rejects when there is no program, and with what the host throws. */
export async function runWorker(task: WorkerTask, host: WorkerHost): Promise<WorkerEnd> {
  host.signal.throwIfAborted()
  const entry = new URL('../worker/entry.js', import.meta.url)
  const worker = new Worker(entry, { workerData: task, stdout: true, stderr: true })
  const output = new ProgramOutput()
  output.listen(worker.stdout)
  output.listen(worker.stderr)
  const over = new AbortController()
  try {
    const record = await recordFrom(worker, task, host, over.signal)
    return { record, output: output.text }
  } finally {
    over.abort()
    if (task.linux !== undefined) await leave(worker)
    await worker.terminate()
  }
}

/** May sleep. Lets a thread go that watches descriptors of a real kernel: it ends these before itself. */
async function leave(worker: Worker): Promise<void> {
  if (worker.threadId < 0) return
  const over = new AbortController()
  const { signal } = over
  worker.postMessage('leave')
  await Promise.race([once(worker, 'exit', { signal }), sleep(GRACE, undefined, { signal })])
  over.abort()
}

/** Nothing listens to the host's signal any more when `over` is aborted. */
async function recordFrom(
  worker: Worker,
  task: WorkerTask,
  host: WorkerHost,
  over: AbortSignal,
): Promise<RunRecord> {
  return await new Promise((resolve, reject) => {
    let record: RunRecord | undefined
    const end = (failure: Failure): void => {
      clearTimeout(timer)
      resolve(record ?? failedRecord(task.plan, failure))
    }
    const timer = setTimeout(() => end(timedOut(host.timeout)), host.timeout * 1000)
    const fail = (error: unknown): void => {
      clearTimeout(timer)
      reject(error)
    }
    host.signal.addEventListener('abort', () => fail(host.signal.reason), { signal: over })
    worker.on('error', (error) => end(crashed(error)))
    worker.on('exit', (code) => end(exitedEarly(code)))
    worker.on('message', (message: WorkerMessage) => {
      try {
        record = received(message, record, host)
      } catch (error) {
        return fail(error)
      }
      if (message.kind === 'done') end(crashed('it ended without a report'))
    })
  })
}

/** What is known of the run after one more message. */
function received(
  message: WorkerMessage,
  record: RunRecord | undefined,
  host: WorkerHost,
): RunRecord | undefined {
  switch (message.kind) {
    case 'loaded':
      host.onLoaded(message.boards)
      return record
    case 'frame':
      host.onFrame(message.index, message.png)
      return record
    case 'record':
      return message.record
    case 'not-loaded':
      throw new NotLoadedError(message.failure)
    case 'late':
      return record && { ...record, failure: withExplanation(message.failure, record.findings) }
    case 'done':
      return record
  }
}
