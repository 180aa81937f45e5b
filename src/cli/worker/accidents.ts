/** Rejections and exceptions that no `await` of the program's hands on. */

import { placesOf } from '../../run/places.ts'
import type { Failure, FailureKind } from '../runs/record.ts'

/**
 * Watches this thread from now on. During the run the first accident aborts `signal`; after `returned`
 * it is told to `late`. Only the first one counts: the others follow from it.
 */
export class Accidents {
  readonly #stop = new AbortController()
  #first: Failure | undefined
  #late: ((failure: Failure) => void) | undefined

  constructor() {
    process.on('unhandledRejection', (reason) => this.#happened('rejected', reason))
    process.on('uncaughtException', (error) => this.#happened('threw', error))
  }

  get signal(): AbortSignal {
    return this.#stop.signal
  }

  /** What stopped the run. */
  get first(): Failure | undefined {
    return this.#first
  }

  /** The run is over: from here on `late` hears of the first accident. */
  returned(late: (failure: Failure) => void): void {
    this.#late = late
  }

  #happened(kind: 'rejected' | 'threw', thrown: unknown): void {
    if (this.#first !== undefined) return
    this.#first = accident(this.#late === undefined ? kind : 'rejected-after-return', thrown)
    if (this.#late === undefined) this.#stop.abort(thrown)
    else this.#late(this.#first)
  }
}

const WHAT: Readonly<Partial<Record<FailureKind, string>>> = {
  rejected: 'a promise of the program was rejected and nobody waits for it',
  threw: 'a callback of the program threw',
  'rejected-after-return': 'the program had returned when something it started failed',
}

function accident(kind: FailureKind, thrown: unknown): Failure {
  const [place, ...callers] = placesOf(thrown)
  const text = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown)
  const advice = '`await` every call that returns a promise, or collect them with Promise.all.'
  return { kind, message: `${WHAT[kind] ?? kind}: ${text}`, advice, place, callers }
}
