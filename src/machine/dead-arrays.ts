/**
 * Arrays that ended with their memory left in place.
 *
 * JavaScript drops stores by index to a detached array without an error, where real memory takes
 * them. So the memory of some arrays stays, apart from the storage, and holds a known pattern: a
 * difference is a store. Methods of such an array throw, as those of a detached one do.
 */
import { changedRuns, type EqualBytes, type Run } from './changed-runs.ts'
import type { LiveView } from './storage.ts'

const PATTERN_SIZE = 64 * 1024
let pattern: Uint8Array<ArrayBuffer> | undefined

/** Bytes that no program stores in a row by chance. */
function patternBytes(): Uint8Array<ArrayBuffer> {
  if (pattern !== undefined) return pattern
  pattern = new Uint8Array(PATTERN_SIZE)
  let state = 0x2545f491
  for (let i = 0; i < PATTERN_SIZE; i++) {
    state = Math.imul(state, 0x19660d) + 0x3c6ef35f
    pattern[i] = state >>> 24
  }
  return pattern
}

export class DeadArray {
  /** The arrays that stood on it, with the events in which they ended. */
  readonly views: readonly LiveView[]
  readonly #bytes: Uint8Array<ArrayBuffer>
  /** When stores were last looked for. */
  #epoch = -1

  /** Takes over `bytes`, which the storage no longer uses. */
  constructor(bytes: Uint8Array<ArrayBuffer>, views: readonly LiveView[]) {
    this.views = views
    this.#bytes = bytes
    this.#fill({ start: 0, end: bytes.length })
  }

  /** The stores since the last call. */
  stores(equal: EqualBytes, epoch: number): Run[] {
    if (this.#epoch === epoch) return []
    this.#epoch = epoch
    const runs: Run[] = []
    for (let at = 0; at < this.#bytes.length; at += PATTERN_SIZE) {
      const part = this.#bytes.subarray(at, at + PATTERN_SIZE)
      const known = patternBytes().subarray(0, part.length)
      if (equal(part, known)) continue
      for (const { start, end } of changedRuns(part, known, 0, part.length, equal)) {
        runs.push({ start: at + start, end: at + end })
      }
    }
    for (const run of runs) this.#fill(run)
    return runs
  }

  /** The memory goes: the arrays have no bytes from now on. */
  detach(): void {
    const { buffer } = this.#bytes
    structuredClone(buffer, { transfer: [buffer] })
  }

  #fill({ start, end }: Run): void {
    for (let at = start; at < end; ) {
      const from = at % PATTERN_SIZE
      const length = Math.min(end - at, PATTERN_SIZE - from)
      this.#bytes.set(patternBytes().subarray(from, from + length), at)
      at += length
    }
  }
}

const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object

/** The prototype of a dead array: its methods throw, its elements are memory. */
const deadPrototype: object = Object.create(
  Uint8Array.prototype,
  Object.fromEntries(
    Reflect.ownKeys(typedArray)
      .filter((key) => key !== 'constructor' && isMethod(key))
      .map((key) => [key, { value: refusing(String(key)) }]),
  ),
) as object

function isMethod(key: string | symbol): boolean {
  return typeof Object.getOwnPropertyDescriptor(typedArray, key)?.value === 'function'
}

function refusing(name: string): () => never {
  return () => {
    throw new TypeError(`Cannot perform %TypedArray%.prototype.${name} on a detached ArrayBuffer`)
  }
}

/** Lets the methods of `array`, whose memory was left in place, throw from now on. */
export function endMethods(array: Uint8Array<ArrayBuffer>): void {
  Object.setPrototypeOf(array, deadPrototype)
}
