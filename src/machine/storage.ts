import type { BufferId, MemoryAttribute } from '../events/event.ts'
import type { DeadArray } from './dead-arrays.ts'
import type { FirstTouch } from './first-touch.ts'
import { LineMap } from './line-map.ts'
import {
  isCacheViewCurrent,
  isMemoryCurrent,
  type LineState,
  presenceOf,
  type StateSet,
} from './line-state.ts'
import type { Mirrors } from './mirror.ts'
import type { Twin } from './twin.ts'

/** A run of page frames that follow each other in physical memory. */
export interface Chunk {
  /** The physical address of its first byte. */
  readonly physical: number
  /** Where it begins in the storage. */
  readonly offset: number
  readonly length: number
}

/** An array that was handed out and whose stores cannot be seen as they happen. */
export interface LiveView {
  /** Which bytes of the storage it shows. */
  readonly start: number
  readonly end: number
  /** The buffer that it was taken of; offset in the storage + `shift` = offset in the buffer. */
  readonly buffer: BufferId
  readonly shift: number
  readonly attribute: MemoryAttribute
  readonly scope: 'bracket' | 'mapping'
  /** The event in which it was taken last. */
  taken: number
  readonly mapping: number
  /** The task that took it. */
  readonly task: string
  /** The array itself. */
  array?: Uint8Array<ArrayBuffer> | undefined
  /**
   * The event that ended its CPU access or mapping. It lives on only because another array stands
   * on the same bytes.
   */
  ended?: number | undefined
}

/**
 * The bytes of one allocation, contiguous for the host even if its frames are scattered.
 *
 * `memory` is the view of agents that do not snoop the CPU caches, `cached` the view of the CPU
 * through a cached mapping. Where the cache holds no line, `cached` means nothing. On a coherent
 * board the two are one array, and every line counts as absent, its memory as not current if
 * another home alone has the last store.
 */
export class Storage {
  readonly id: number
  readonly size: number
  readonly lines: LineMap
  #memory: Uint8Array<ArrayBuffer>
  #cached: Uint8Array<ArrayBuffer>
  /**
   * The content of an array on `cached` where `memory` does not have it: under dirty and stale
   * lines, and on a coherent board everywhere. Undefined while there is none.
   */
  image: Uint8Array<ArrayBuffer> | undefined
  /** On a coherent board: another home with the content of arrays, instead of `image`. */
  twin: Twin | undefined
  /** An image of before, kept because fresh memory costs the host more than a copy. */
  #spare: Uint8Array<ArrayBuffer> | undefined
  /** The buffer that was made of it first; 0 when its frames are free. Views name their own. */
  buffer = 0
  /** Arrays on `cached`; on a coherent board, all. */
  readonly views: Set<LiveView> = new Set()
  /** Arrays on `memory`, of mappings that are not cached. */
  readonly memoryViews: Set<LiveView> = new Set()
  /** `memory` without the stores through such arrays that were not found yet; while there are any. */
  memoryImage: Uint8Array<ArrayBuffer> | undefined
  /** The event up to which all stores through views are known. */
  reconciled = 0
  /** Arrays that ended and live on, and are known for nothing else. */
  readonly ended: Uint8Array<ArrayBuffer>[] = []
  /** Arrays that ended and whose memory was left in place; undefined while there are none. */
  dead: DeadArray[] | undefined
  /** How often all arrays on it ended. */
  ends = 0
  /** Where its bytes have other homes; undefined while they never had. */
  mirrors: Mirrors | undefined
  /** The range and the epoch of the newest looks for stores, joined while they follow each other. */
  #known = { start: 0, end: 0, epoch: -1 }
  #chunks: readonly Chunk[]
  /** Which pages were touched, where they come with the first touch; undefined: all pages are there. */
  firstTouch: FirstTouch | undefined

  /** `size` is more than there are bytes where they come later, see `addChunks`. */
  constructor(
    id: number,
    chunks: readonly Chunk[],
    bytes: { memory: Uint8Array<ArrayBuffer>; cached: Uint8Array<ArrayBuffer> },
    initial: { actual: LineState; possible: StateSet },
    size: number = bytes.cached.length,
  ) {
    this.id = id
    this.#chunks = chunks
    this.size = size
    this.#memory = bytes.memory
    this.#cached = bytes.cached
    this.lines = new LineMap(this.size, initial.actual, initial.possible, 0)
  }

  /** Its frames, in the pieces in which the page allocator gave them out. */
  get chunks(): readonly Chunk[] {
    return this.#chunks
  }

  /** The same frames in other pieces: for freed frames that are handed out again. */
  recut(chunks: readonly Chunk[]): void {
    this.#chunks = chunks
  }

  /** Frames that it gets later. */
  addChunks(added: readonly Chunk[]): void {
    this.#chunks = [...this.#chunks, ...added].sort((a, b) => a.offset - b.offset)
  }

  /**
   * Before `[start, end)` is accessed: pages that come with the first touch come now. ENOMEM. Free of
   * cost where all are there.
   */
  touch(start: number, end: number): void {
    this.firstTouch?.touch(start, end)
  }

  get memory(): Uint8Array<ArrayBuffer> {
    if (this.#memory.length !== this.size) this.#recover()
    return this.#memory
  }

  set memory(bytes: Uint8Array<ArrayBuffer>) {
    this.#memory = bytes
  }

  get cached(): Uint8Array<ArrayBuffer> {
    if (this.#cached.length !== this.size) this.#recover()
    return this.#cached
  }

  set cached(bytes: Uint8Array<ArrayBuffer>) {
    this.#cached = bytes
  }

  /**
   * The program transferred the memory of an array (structuredClone, postMessage), and with it the
   * bytes. New memory gets the known bytes: the content of arrays at the last search for stores.
   */
  #recover(): void {
    const isOne = this.#memory === this.#cached
    const size = this.size
    if (this.#cached.length !== size) {
      const known = isOne || this.#memory.length !== size ? undefined : this.#memory
      this.#cached = known?.slice() ?? new Uint8Array(size)
      this.#restoreShown(this.#cached)
    }
    if (isOne) this.#memory = this.#cached
    if (this.#memory.length !== size) this.#memory = (this.memoryImage ?? this.#cached).slice()
  }

  #restoreShown(target: Uint8Array): void {
    const { twin, image } = this
    if (twin !== undefined) {
      const { copy, start, end, shift } = twin
      target.set(copy.cached.subarray(start + shift, end + shift), start)
    } else if (image !== undefined) {
      for (const { start, end } of this.views) {
        this.lines.each(start, end, (part) => {
          const isServed = isMemoryCurrent(part.actual) && isCacheViewCurrent(part.actual)
          const byMemory = isServed && presenceOf(part.actual) !== 'absent'
          if (!byMemory) target.set(image.subarray(part.start, part.end), part.start)
        })
      }
    }
  }

  /** Where views exist that a store may go through unseen. */
  get hasViews(): boolean {
    return this.views.size > 0 || this.memoryViews.size > 0
  }

  /** Whether stores in the range were looked for in this epoch: none can have happened since. */
  isKnown(start: number, end: number, epoch: number): boolean {
    const known = this.#known
    return known.epoch === epoch && known.start <= start && end <= known.end
  }

  setKnown(start: number, end: number, epoch: number): void {
    const known = this.#known
    if (known.epoch === epoch && known.end === start) known.end = end
    else this.#known = { start, end, epoch }
  }

  /** An image to write to: unsaved parts have no meaning. */
  openImage(): Uint8Array<ArrayBuffer> {
    if (this.image === undefined) {
      this.image = this.#spare ?? new Uint8Array(this.size)
      this.#spare = undefined
    }
    return this.image
  }

  /** No array on `cached` is left that it would be asked about. */
  closeImage(): void {
    this.#spare = this.image ?? this.#spare
    this.image = undefined
  }

  /** Ends every array over `cached` at once, as unmapping would; the bytes move to a new one. */
  detach(): void {
    const isOne = this.memory === this.cached
    this.cached = moved(this.cached)
    if (isOne) this.memory = this.cached
  }

  /** As `detach`, but the arrays keep their memory, which is returned; the bytes are copied. */
  leave(): Uint8Array<ArrayBuffer> {
    const { cached } = this
    this.cached = cached.slice()
    if (this.memory === cached) this.memory = this.cached
    return cached
  }

  /** As `leave`, for arrays over `memory`. */
  leaveMemory(): Uint8Array<ArrayBuffer> {
    const { memory } = this
    this.memory = memory.slice()
    return memory
  }

  /** As `detach`, for arrays over `memory`. */
  detachMemory(): void {
    this.memory = moved(this.memory)
  }
}

function moved({ buffer }: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(structuredClone(buffer, { transfer: [buffer] }))
}
