/** What the command and its workers tell each other. */
import type { LinuxRequest } from './linux.ts'
import type { RunPlan } from './plan.ts'
import type { Failure, RunRecord } from './record.ts'

/** One worker's work, given to it when it starts. */
export interface WorkerTask {
  readonly plan: RunPlan
  /** The program, as an absolute path. */
  readonly file: string
  /** A Y4M clip for the camera; without it the test pattern. */
  readonly clip: Uint8Array | undefined
  readonly views: 'raw' | 'checked'
  /** The release of Linux that boards run; the usual one where it is undefined. */
  readonly release: string | undefined
  /** Whether shown frames are wanted as PNG. */
  readonly frames: boolean
  /** Set for a run on the kernel of this machine. */
  readonly linux: LinuxRequest | undefined
}

/** A board that the program's file brings along. */
export interface OwnBoard {
  readonly name: string
  readonly judgedAs: string
}

/**
 * `loaded`: the file is a program. `frame`: a picture came on the display. `record`: the run is over. `not-loaded`: there is no program
 * to run. `late`: something failed after the run. `done`: nothing more is coming.
 */
export type WorkerMessage =
  | { readonly kind: 'loaded'; readonly boards: readonly OwnBoard[] }
  | { readonly kind: 'frame'; readonly index: number; readonly png: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'record'; readonly record: RunRecord }
  | { readonly kind: 'not-loaded'; readonly failure: Failure }
  | { readonly kind: 'late'; readonly failure: Failure }
  | { readonly kind: 'done' }
