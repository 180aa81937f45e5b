/** Rejections and exceptions that no `await` of the program's hands on. */
import { placesOf } from '../../run/places.ts'
import { namedMessageOf } from '../../run/thrown.ts'
import type { Failure, FailureKind } from '../runs/record.ts'

/**
 * Watches this thread until it is stopped. During the run the first accident aborts `signal`; after `returned`
 * `late` gets it. Only the first one counts: the others follow from it.
 */
export class Accidents {
  readonly #stop = new AbortController()
  #first: Failure | undefined
  #late: ((failure: Failure) => void) | undefined

  readonly #onRejection = (reason: unknown): void => this.#happened('rejected', reason)
  readonly #onException = (error: unknown): void => this.#happened('threw', error)

  constructor() {
    process.on('unhandledRejection', this.#onRejection)
    process.on('uncaughtException', this.#onException)
  }

  get signal(): AbortSignal {
    return this.#stop.signal
  }

  /** The failure that stopped the run. */
  get first(): Failure | undefined {
    return this.#first
  }

  /** The run is over: `late` gets the first accident from here on. */
  returned(late: (failure: Failure) => void): void {
    this.#late = late
  }

  /** Stops the run for `failure`, unless it has stopped or is over. */
  interrupt(failure: Failure): void {
    if (this.#first !== undefined || this.#late !== undefined) return
    this.#first = failure
    this.#stop.abort(new Error(failure.message))
  }

  /** Ends the watch. */
  stop(): void {
    process.off('unhandledRejection', this.#onRejection)
    process.off('uncaughtException', this.#onException)
  }

  #happened(kind: 'rejected' | 'threw', thrown: unknown): void {
    if (this.#first !== undefined) return
    this.#first = accident(this.#late === undefined ? kind : 'rejected-after-return', thrown)
    if (this.#late === undefined) this.#stop.abort(thrown)
    else this.#late(this.#first)
  }
}

const WHAT: Readonly<Partial<Record<FailureKind, string>>> = {
  rejected: 'a promise of the program was rejected and never awaited',
  threw: 'a callback of the program threw',
  'rejected-after-return':
    'something that the program started failed after the program had returned',
}

function accident(kind: FailureKind, thrown: unknown): Failure {
  const [place, ...callers] = placesOf(thrown)
  const advice = '`await` every call that returns a promise, or collect them with Promise.all.'
  return {
    kind,
    message: `${WHAT[kind] ?? kind}: ${namedMessageOf(thrown)}`,
    advice,
    place,
    callers,
  }
}
