/** The messages between the command and its workers. */

import type { MessagePort } from 'node:worker_threads'
import type { ComparedSetup } from '../../check/report/comparison.ts'
import type { Board } from '../../machine/board.ts'
import type { LinuxRequest } from './linux.ts'
import type { RunPlan } from './plan.ts'
import type { Failure, RunRecord } from './record.ts'

/** The common settings of all runs of a command. */
export interface RunSetup {
  /** The program, as an absolute path. */
  readonly file: string
  /** The camera's pictures in place of the test pattern. */
  readonly camera: CameraInput | undefined
  readonly views: 'raw' | 'checked'
  /** The release of Linux that boards run; the usual one where it is undefined. */
  readonly release: string | undefined
  /** The choices to replay. */
  readonly schedule: string | undefined
  /** Whether shown frames are wanted as PNG. */
  readonly frames: boolean
  /** Set for a run on the kernel of this machine. */
  readonly linux: LinuxRequest | undefined
}

/** A Y4M clip in memory that all threads share, or the test pattern in another size. */
export type CameraInput =
  | { readonly clip: Uint8Array }
  | { readonly width: number; readonly height: number; readonly rate: number | undefined }

/** Given to a worker when it starts. */
export interface WorkerSetup extends RunSetup {
  /** For all that the worker reports. A program cannot reach it, and so not speak for the worker. */
  readonly port: MessagePort
  /** Counters of the worker, a Float64Array: see `progressIn`. */
  readonly progress: SharedArrayBuffer
}

/**
 * To a worker that has loaded its program. `run`: one run. `stop`: its time is over, which is how it
 * has failed. `leave`: the thread is to end.
 */
export type WorkerOrder =
  | {
      readonly kind: 'run'
      readonly plan: RunPlan
      readonly trace: TraceRequest | undefined
      /** The choices that the run begins with, as a schedule: calls take no time in all of them. */
      readonly order?: string | undefined
      /** The mechanism whose heap takes the place of the system heap, and when imports are mapped. */
      readonly compared?: ComparedSetup | undefined
    }
  | { readonly kind: 'stop'; readonly failure: Failure }
  | { readonly kind: 'leave' }

/** Where the record of a run goes. */
export interface TraceRequest {
  /** The program, as it was given. */
  readonly program: string
  readonly file: string
}

/** A board that the program's file brings along. */
export interface OwnBoard {
  readonly name: string
  readonly judgedAs: string
  readonly table: Board
}

/** `frame`: a picture as shown. `diff`: the first wrong one beside the right one. The first index is 1. */
export interface PictureFile {
  readonly name: 'frame' | 'diff'
  readonly index: number
  readonly png: Uint8Array<ArrayBuffer>
}

/**
 * `ready`: the worker itself has loaded. `loaded`: the file is a program. `not-loaded`: there is no
 * program to run. `files`: the user's files that the program consists of. `picture`: a picture came on the
 * display. `record`: the run is over. `late`: something failed after the run. `exits`: the program ends the thread. `done`: nothing more comes of this run, and
 * whether the next may be in the same thread.
 */
export type WorkerMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'loaded'; readonly boards: readonly OwnBoard[] }
  | { readonly kind: 'not-loaded'; readonly failure: Failure }
  | { readonly kind: 'files'; readonly files: readonly string[] }
  | ({ readonly kind: 'picture' } & PictureFile)
  | { readonly kind: 'record'; readonly record: RunRecord }
  | { readonly kind: 'late'; readonly failure: Failure }
  | { readonly kind: 'exits'; readonly code: number }
  | { readonly kind: 'done'; readonly isReusable: boolean }

/** How far a run has come. */
export interface RunProgress {
  readonly calls: number
  /** All events of the kernel, calls included. */
  readonly events: number
  readonly frames: number
  /** How many frames the program has said that it will capture; 0 if it has not. */
  readonly expectedFrames: number
  /** Virtual nanoseconds; of the host's clock on a real kernel. */
  readonly time: number
}

/** The places of a progress array. */
const CALLS = 0
const EVENTS = 1
const FRAMES = 2
const TIME = 3
const EXPECTED_FRAMES = 4
export const PROGRESS_BYTES: number = 5 * Float64Array.BYTES_PER_ELEMENT

/**
 * Reads and writes the counters that a worker and the command share. Torn values do no harm: only
 * change matters.
 */
export class ProgressCounters {
  readonly #counts: Float64Array

  constructor(memory: SharedArrayBuffer) {
    this.#counts = new Float64Array(memory)
  }

  begin(): void {
    this.#counts.fill(0)
  }

  event(time: number, isCall: boolean): void {
    if (isCall) this.#counts[CALLS] = (this.#counts[CALLS] ?? 0) + 1
    this.#counts[EVENTS] = (this.#counts[EVENTS] ?? 0) + 1
    this.#counts[TIME] = time
  }

  frame(): void {
    this.#counts[FRAMES] = (this.#counts[FRAMES] ?? 0) + 1
  }

  expectFrames(count: number): void {
    this.#counts[EXPECTED_FRAMES] = (this.#counts[EXPECTED_FRAMES] ?? 0) + count
  }

  get now(): RunProgress {
    const [calls = 0, events = 0, frames = 0, time = 0, expectedFrames = 0] = this.#counts
    return { calls, events, frames, time, expectedFrames }
  }
}
