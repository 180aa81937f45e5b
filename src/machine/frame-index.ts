import type { Chunk, Storage } from './storage.ts'

/** Where a physical address lies. */
export interface Frame {
  readonly storage: Storage
  /** Where in the storage the address is. */
  readonly offset: number
  /** How many bytes from there on follow each other physically in this storage. */
  readonly length: number
}

const BUCKET = 1 << 20

/**
 * The storage of a physical address. Built from the noted storages at the first request, so that
 * runs without requests pay nothing per frame.
 */
export class FrameIndex {
  readonly #buckets = new Map<number, { chunk: Chunk; storage: Storage }[]>()
  #noted: { storage: Storage; chunks: readonly Chunk[] }[] = []

  /** These frames of the storage are to be found from now on. */
  note(storage: Storage, chunks: readonly Chunk[]): void {
    this.#noted.push({ storage, chunks })
  }

  /** Its frames are free. */
  forget(storage: Storage): void {
    this.#enterNoted()
    for (const chunk of storage.chunks) {
      for (const key of bucketsOf(chunk)) {
        const bucket = this.#buckets.get(key) ?? []
        const left = bucket.filter((entry) => entry.storage !== storage)
        if (left.length === 0) this.#buckets.delete(key)
        else this.#buckets.set(key, left)
      }
    }
  }

  at(physical: number): Frame | undefined {
    this.#enterNoted()
    const found = this.#buckets
      .get(Math.floor(physical / BUCKET))
      ?.find(({ chunk }) => chunk.physical <= physical && physical < endOf(chunk))
    if (found === undefined) return undefined
    const { chunk, storage } = found
    const offset = chunk.offset + physical - chunk.physical
    return { storage, offset, length: endOf(chunk) - physical }
  }

  #enterNoted(): void {
    const noted = this.#noted
    this.#noted = []
    for (const { storage, chunks } of noted) {
      for (const chunk of chunks) this.#enter(chunk, storage)
    }
  }

  #enter(chunk: Chunk, storage: Storage): void {
    for (const key of bucketsOf(chunk)) {
      const bucket = this.#buckets.get(key)
      if (bucket === undefined) this.#buckets.set(key, [{ chunk, storage }])
      else bucket.push({ chunk, storage })
    }
  }
}

function endOf({ physical, length }: Chunk): number {
  return physical + length
}

function bucketsOf(chunk: Chunk): number[] {
  const first = Math.floor(chunk.physical / BUCKET)
  const last = Math.floor((endOf(chunk) - 1) / BUCKET)
  return Array.from({ length: last - first + 1 }, (_, i) => first + i)
}
