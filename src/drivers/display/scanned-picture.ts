import type { DeviceJob } from '../../kernel/dmabuf/device-job.ts'

/** Bytes of a picture as a coherent machine would have read them. */
interface Correction {
  readonly at: number
  readonly bytes: Uint8Array
}

/** The picture that the beam reads, band after band, in bytes without padding. */
export class ScannedPicture {
  #bytes = new Uint8Array(0)
  #size = 0
  #wrongBytes = 0
  #corrections: Correction[] = []

  /** The next picture, of `size` bytes, is read into the same memory. */
  begin(size: number): void {
    if (this.#bytes.length < size) this.#bytes = new Uint8Array(size)
    this.#size = size
    this.#wrongBytes = 0
    this.#corrections = []
  }

  /** Reads bytes `[from, to)` of the picture from `offset` of the job's mapping. */
  load(job: DeviceJob, offset: number, from: number, to: number): void {
    const target = this.#bytes.subarray(from, to)
    const wrong = job.load(offset, target)
    if (wrong === 0) return
    this.#wrongBytes += wrong
    const bytes = target.slice()
    job.expected(offset, bytes)
    this.#corrections.push({ at: from, bytes })
  }

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#size)
  }

  /** How many bytes came out wrong. */
  get wrongBytes(): number {
    return this.#wrongBytes
  }

  /** The picture of a coherent machine, as new bytes. */
  expected(): Uint8Array {
    const right = this.bytes.slice()
    for (const { at, bytes } of this.#corrections) right.set(bytes, at)
    return right
  }
}
