import type { StorageRun } from './sg-table.ts'

/** Cuts runs into pieces of given lengths, from the first byte on. */
export class RunCursor {
  readonly #runs: readonly StorageRun[]
  #index = 0
  /** How much of the current run is taken. */
  #taken = 0

  constructor(runs: readonly StorageRun[]) {
    this.#runs = runs
  }

  /** The next `length` bytes, or the rest. */
  take(length: number): StorageRun[] {
    const pieces: StorageRun[] = []
    for (let left = length; left > 0; ) {
      const run = this.#runs[this.#index]
      if (run === undefined) break
      const part = Math.min(left, run.length - this.#taken)
      pieces.push({ storage: run.storage, offset: run.offset + this.#taken, length: part })
      left -= part
      this.#taken += part
      if (this.#taken === run.length) {
        this.#index++
        this.#taken = 0
      }
    }
    return pieces
  }
}

/** Adds a run, to the last one where it goes on from there. */
export function joinRun(runs: StorageRun[], run: StorageRun): void {
  const last = runs.at(-1)
  if (last?.storage === run.storage && last.offset + last.length === run.offset) {
    runs[runs.length - 1] = { ...last, length: last.length + run.length }
  } else {
    runs.push(run)
  }
}
