/**
 * Physical memory: page frames, handed out as storages and taken back.
 *
 * Frames that were freed are handed out again, first to an allocation of the same size, with the bytes
 * and the line states that they were left in: a cached line, or a device that still writes to an old
 * address, does not care whose the frame is now.
 */
import { PAGE_SIZE } from '../abi/fcntl.ts'
import { Extents } from './extents.ts'
import { type Frame, FrameIndex } from './frame-index.ts'
import { assert } from './kernel-error.ts'
import { lineState } from './line-state.ts'
import type { StateTables } from './state-table.ts'
import { type Chunk, Storage } from './storage.ts'

/** The content of unused memory: not zero, so that reading it shows. */
const POISON = 0x5a
/** Orders 8, 4 and 0 of the page allocator, which the system heap requests in this order. */
const CHUNK_LENGTHS: readonly number[] = [1 << 20, 1 << 16, PAGE_SIZE]
/** CONFIG_CMA_ALIGNMENT: order 8 at most. */
const CMA_ALIGNMENT: number = 1 << 20
/** Freed frames keep their bytes up to this many: the host has less memory than some boards. */
const MOST_KEPT: number = 2 * 2 ** 30
/** The bytes of a longer storage are released to the host at once; its frames start again. */
const LARGEST_KEPT: number = 64 * 2 ** 20

/** Frames that follow each other. */
export interface FrameRegion {
  readonly base: number
  readonly size: number
}

export interface RamOptions {
  /** The physical address of the first frame. */
  readonly base: number
  readonly size: number
  /** Where ordinary memory begins; below is the DMA zone. */
  readonly normal?: number | undefined
  /** Reserved frames: the bounce pool. */
  readonly reserved?: FrameRegion | undefined
  /** Frames for requests of the area `cma` alone. */
  readonly cma?: FrameRegion | undefined
  /** Pieces of the page allocator never follow each other: each lies below the one before. */
  readonly fragmented?: boolean | undefined
  /** Whether a second copy of the bytes is needed, see `Storage.memory`. */
  readonly twoCopies: boolean
  readonly poison: boolean
  readonly tables: StateTables
  /** Whether the allocation that is under way shall fail. */
  readonly failsNow?: (() => boolean) | undefined
}

/** Which frames are wanted. */
export interface FrameRequest {
  /** `cma`: one piece of the region for contiguous allocations, and of nothing else (cma_alloc). */
  readonly area?: 'cma' | undefined
  /** The longest chunk; 1 MiB when left out. */
  readonly largest?: number | undefined
  /** Every frame lies below this address, for a device that reaches no further. */
  readonly below?: number | undefined
  /** One piece, at an address that is a multiple of its size rounded up to a power of two. */
  readonly contiguous?: boolean | undefined
}

type Bytes = Pick<Storage, 'memory' | 'cached'>

export class Ram {
  readonly #options: RamOptions
  readonly #frames: Extents
  readonly #cma: Extents
  readonly #index = new FrameIndex()
  readonly #capacity: number
  #storages = 0
  #live = 0
  #liveCma = 0
  #freeBytes = 0
  #others = 0
  readonly #free = new Map<string, Storage[]>()

  constructor(options: RamOptions) {
    this.#options = options
    const { base, size, reserved, cma } = options
    this.#capacity = size - (reserved?.size ?? 0) - (cma?.size ?? 0)
    this.#frames = new Extents(withoutRegions({ base, size }, [reserved, cma]))
    this.#cma = new Extents(cma === undefined ? [] : [rangeOf(cma)])
  }

  /** Bytes in allocated storages. */
  get liveBytes(): number {
    return this.#live + this.#liveCma
  }

  /** Free bytes, outside of the region for contiguous allocations. */
  get availableBytes(): number {
    return this.#capacity - this.#live
  }

  /** A number for memory that is not a dma-buf, in events: -1, -2 and so on. */
  nextMemoryId(): number {
    return -++this.#others
  }

  /**
   * Whole pages, `size` bytes of them; undefined if there are no such frames, or the host has no
   * array for their bytes. The caller zeroes them: they have their previous content. A number for
   * `want` is the longest chunk.
   */
  allocate(size: number, want: FrameRequest | number = {}): Storage | undefined {
    const request = typeof want === 'number' ? { largest: want } : want
    if (this.#options.failsNow?.() === true) return undefined
    const isCma = request.area === 'cma'
    if (!isCma && size > this.availableBytes) return undefined
    const storage = this.#takeFreed(size, request) ?? this.#fresh(size, request)
    if (storage !== undefined) this.#count(isCma, size)
    return storage
  }

  /**
   * A storage of `size` bytes whose frames come with `populate`. Frames that were freed by memory
   * of the same size are used at once, with their content.
   */
  reserve(size: number, request: FrameRequest): Storage {
    const freed = this.#takeFreed(size, request)
    if (freed !== undefined) {
      this.#count(false, size)
      return freed
    }
    const cached = new Uint8Array(0)
    const memory = this.#options.twoCopies ? new Uint8Array(0) : cached
    return new Storage(++this.#storages, [], { memory, cached }, this.#initial(), size)
  }

  /**
   * Frames for bytes `[start, end)` of a storage of `reserve`, whole pages. False when there are none, or
   * the host has no array that is as long as the storage. The caller zeroes them.
   */
  populate(storage: Storage, start: number, end: number, request: FrameRequest): boolean {
    if (this.#options.failsNow?.() === true) return false
    if (sizeOf(storage.chunks) === storage.size) return true
    const size = end - start
    if (size > this.availableBytes) return false
    const chunks = this.#freshChunks(size, request)?.map((chunk) => moved(chunk, start))
    if (chunks === undefined) return false
    if (!this.#giveBytes(storage)) {
      this.#putFrames(chunks)
      return false
    }
    if (this.#options.poison) storage.memory.fill(POISON, start, end)
    storage.addChunks(chunks)
    this.#index.note(storage, chunks)
    this.#count(false, size)
    return true
  }

  /** The host allocates memory for the written part only. */
  #giveBytes(storage: Storage): boolean {
    if (storage.chunks.length > 0) return true
    const bytes = this.#hostBytes(storage.size)
    if (bytes === undefined) return false
    storage.memory = bytes.memory
    storage.cached = bytes.cached
    return true
  }

  /** Takes the frames back. Views over them must be gone. */
  free(storage: Storage): void {
    storage.buffer = 0
    storage.firstTouch = undefined
    const size = sizeOf(storage.chunks)
    this.#count(this.#isCma(storage), -size)
    if (size > LARGEST_KEPT || size < storage.size) {
      this.#index.forget(storage)
      this.#putFrames(storage.chunks)
      return
    }
    this.#freeBytes += storage.size
    const key = this.#keyOf(storage)
    const same = this.#free.get(key)
    if (same === undefined) this.#free.set(key, [storage])
    else same.push(storage)
  }

  /** Where a physical address lies, in memory that is or was handed out; undefined: nowhere. */
  at(physical: number): Frame | undefined {
    return this.#index.at(physical)
  }

  /** A storage over reserved frames, whose owner accounts for them. */
  overReserved(chunks: readonly Chunk[]): Storage {
    const bytes = this.#bytes(sizeOf(chunks))
    assert(bytes !== undefined, 'the host has memory for the bounce pool')
    return this.#make(chunks, bytes)
  }

  /** Gives frames of `overReserved` up: their addresses lead nowhere. */
  dropReserved(storage: Storage): void {
    this.#index.forget(storage)
  }

  #takeFreed(size: number, request: FrameRequest): Storage | undefined {
    const isLow = (request.below ?? Number.POSITIVE_INFINITY) <= this.#normal
    const zone = request.area ?? (isLow ? 'low' : 'normal')
    for (const shape of isOnePiece(request) ? ['whole'] : ['parts', 'whole']) {
      const same = this.#free.get(`${zone} ${shape} ${size}`)
      const storage = same?.at(-1)
      if (storage === undefined || !fits(storage, request)) continue
      same?.pop()
      this.#freeBytes -= size
      storage.recut(isOnePiece(request) ? [joined(storage)] : inOrders(storage, request))
      return storage
    }
    return undefined
  }

  #fresh(size: number, request: FrameRequest): Storage | undefined {
    const chunks = this.#freshChunks(size, request)
    if (chunks === undefined) return undefined
    const bytes = this.#bytes(size)
    if (bytes === undefined) this.#putFrames(chunks)
    return bytes && this.#make(chunks, bytes)
  }

  #freshChunks(size: number, request: FrameRequest): Chunk[] | undefined {
    const most = Math.min(this.#capacity, MOST_KEPT)
    if (this.#live + size + this.#freeBytes > most) this.#forgetFreed()
    return this.#chunks(size, request) ?? this.#chunksAfterForgetting(size, request)
  }

  #bytes(size: number): Bytes | undefined {
    const bytes = this.#hostBytes(size)
    if (this.#options.poison) bytes?.memory.fill(POISON)
    return bytes
  }

  /** Undefined where the host has no memory for it, or no array that is as long. */
  #hostBytes(size: number): Bytes | undefined {
    try {
      const cached = new Uint8Array(size)
      const memory = this.#options.twoCopies ? new Uint8Array(size) : cached
      return { memory, cached }
    } catch (error) {
      if (error instanceof RangeError) return undefined
      throw error
    }
  }

  #chunksAfterForgetting(size: number, request: FrameRequest): Chunk[] | undefined {
    if (this.#freeBytes === 0) return undefined
    this.#forgetFreed()
    return this.#chunks(size, request)
  }

  #chunks(size: number, request: FrameRequest): Chunk[] | undefined {
    const chunks: Chunk[] = []
    for (let offset = 0; offset < size; ) {
      const chunk = this.#chunk(offset, size - offset, request)
      if (chunk === undefined) {
        this.#putFrames(chunks)
        return undefined
      }
      chunks.push(chunk)
      offset += chunk.length
    }
    return chunks
  }

  #chunk(offset: number, left: number, request: FrameRequest): Chunk | undefined {
    const { largest = CHUNK_LENGTHS[0] as number } = request
    const lengths = isOnePiece(request)
      ? [left]
      : CHUNK_LENGTHS.filter((length) => length <= left && length <= largest)
    for (const length of lengths) {
      const physical = this.#take(length, request)
      if (physical !== undefined) return { physical, offset, length }
    }
    return undefined
  }

  /** From ordinary memory first: the DMA zone is for those who reach nothing else. */
  #take(length: number, request: FrameRequest): number | undefined {
    const { base, size, fragmented = false } = this.#options
    const { below = Number.POSITIVE_INFINITY, area } = request
    const high = Math.min(base + size, below)
    const align = 2 ** Math.ceil(Math.log2(length))
    if (area === 'cma') {
      return this.#cma.takeLow(length, Math.min(align, CMA_ALIGNMENT), base, high)
    }
    const frames = this.#frames
    const take = fragmented && !isOnePiece(request) ? frames.takeHigh : frames.takeLow
    return (
      take.call(frames, length, align, this.#normal, high) ??
      take.call(frames, length, align, base, Math.min(high, this.#normal))
    )
  }

  #isCma({ chunks }: Pick<Storage, 'chunks'>): boolean {
    const { cma } = this.#options
    const physical = chunks[0]?.physical ?? -1
    return cma !== undefined && physical >= cma.base && physical < cma.base + cma.size
  }

  #count(isCma: boolean, bytes: number): void {
    if (isCma) this.#liveCma += bytes
    else this.#live += bytes
  }

  get #normal(): number {
    return this.#options.normal ?? this.#options.base
  }

  #keyOf(storage: Storage): string {
    const { chunks, size } = storage
    if (this.#isCma(storage)) return `cma whole ${size}`
    const isLow = chunks.some(({ physical }) => physical < this.#normal)
    return `${isLow ? 'low' : 'normal'} ${isWhole(chunks) ? 'whole' : 'parts'} ${size}`
  }

  #make(chunks: readonly Chunk[], bytes: Bytes): Storage {
    const storage = new Storage(++this.#storages, chunks, bytes, this.#initial())
    this.#index.note(storage, chunks)
    return storage
  }

  #putFrames(chunks: readonly Chunk[]): void {
    const frames = this.#isCma({ chunks }) ? this.#cma : this.#frames
    for (const { physical, length } of chunks) frames.put(physical, physical + length)
  }

  #initial(): { actual: number; possible: number } {
    const actual = lineState('absent', true, false)
    return { actual, possible: this.#options.tables.close(1 << actual) }
  }

  /**
   * Freed sizes that are not requested again would fill the host's memory, or keep others from
   * their frames: their bytes are dropped, and their addresses free. An old mapping of them reaches
   * no bytes from then on.
   */
  #forgetFreed(): void {
    for (const storage of [...this.#free.values()].flat()) {
      this.#index.forget(storage)
      this.#putFrames(storage.chunks)
    }
    this.#free.clear()
    this.#freeBytes = 0
  }
}

function fits(storage: Storage, { below, contiguous, area }: FrameRequest): boolean {
  if (contiguous === true && area === undefined) {
    const align = 2 ** Math.ceil(Math.log2(storage.size))
    if ((storage.chunks[0] as Chunk).physical % align !== 0) return false
  }
  return below === undefined || storage.chunks.every((c) => c.physical + c.length <= below)
}

function sizeOf(chunks: readonly Chunk[]): number {
  return chunks.reduce((size, { length }) => size + length, 0)
}

function moved({ physical, offset, length }: Chunk, by: number): Chunk {
  return { physical, offset: offset + by, length }
}

function isOnePiece({ contiguous, area }: FrameRequest): boolean {
  return contiguous === true || area === 'cma'
}

function rangeOf({ base, size }: FrameRegion): { start: number; end: number } {
  return { start: base, end: base + size }
}

/** The ranges of `all` that lie in none of `regions`. */
function withoutRegions(
  all: FrameRegion,
  regions: readonly (FrameRegion | undefined)[],
): { start: number; end: number }[] {
  return regions.reduce(
    (left, region) => {
      if (region === undefined) return left
      const { start: from, end: to } = rangeOf(region)
      return left
        .flatMap(({ start, end }) => [
          { start, end: Math.min(end, from) },
          { start: Math.max(start, to), end },
        ])
        .filter(({ start, end }) => start < end)
    },
    [rangeOf(all)],
  )
}

/** One piece, of chunks that follow each other. */
function joined({ chunks, size }: Storage): Chunk {
  return { physical: (chunks[0] as Chunk).physical, offset: 0, length: size }
}

/** The frames in pieces as the page allocator hands them out, whichever request they were freed from. */
function inOrders(
  { chunks }: Storage,
  { largest = Number.POSITIVE_INFINITY }: FrameRequest,
): Chunk[] {
  return chunks.flatMap(({ physical, offset, length }) => {
    const pieces: Chunk[] = []
    for (let at = 0; at < length; at += pieces.at(-1)?.length ?? length) {
      const isFree = (order: number): boolean =>
        order <= length - at && order <= largest && (physical + at) % order === 0
      const order = CHUNK_LENGTHS.find(isFree) ?? PAGE_SIZE
      pieces.push({ physical: physical + at, offset: offset + at, length: order })
    }
    return pieces
  })
}

/** Whether the chunks follow each other in physical memory. */
function isWhole(chunks: readonly Chunk[]): boolean {
  return chunks.every((chunk, i) => {
    const before = chunks[i - 1]
    return before === undefined || before.physical + before.length === chunk.physical
  })
}
