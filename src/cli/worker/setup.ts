/** The data that this thread was started with, taken out of the program's reach. */
import { syncBuiltinESMExports } from 'node:module'
import threads, { type MessagePort } from 'node:worker_threads'
import type { WorkerMessage, WorkerSetup } from '../runs/messages.ts'

export type Send = (message: WorkerMessage, transfer?: ArrayBuffer[]) => void

export interface Started {
  readonly setup: Omit<WorkerSetup, 'port'>
  readonly send: Send
}

/**
 * Call once, before the program loads. Programs can post to `parentPort`, to which the command does not
 * listen; the port that it does listen to is in `workerData`, and is nowhere after this.
 */
export function takeSetup(): Started {
  const module: { workerData: unknown } = threads
  const { port, ...setup } = module.workerData as WorkerSetup
  module.workerData = undefined
  syncBuiltinESMExports()
  const post: MessagePort['postMessage'] = port.postMessage.bind(port)
  return { setup, send: (message, transfer = []) => post(message, transfer) }
}
