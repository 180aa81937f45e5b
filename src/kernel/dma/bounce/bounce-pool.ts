/**
 * The pool of bounce memory (swiotlb): slots of 2 KiB, at most 128 of them in one piece.
 *
 * A mapping takes its slots as an area with one storage. Released areas are kept, so that the next
 * mapping of the same shape finds the previous content; they are broken up when others need their
 * slots. Source: kernel/dma/swiotlb.c of Linux 6.12.
 */

import { PAGE_SIZE } from '../../../abi/fcntl.ts'
import { type BounceTraits, SLOT_SIZE } from '../../../machine/board.ts'
import { Extents } from '../../../machine/extents.ts'
import { KernelError } from '../../../machine/kernel-error.ts'
import type { Machine } from '../../../machine/machine.ts'
import type { Chunk, Storage } from '../../../machine/storage.ts'

/** Bytes of one piece at most: IO_TLB_SEGSIZE slots, beyond whose borders no piece goes either. */
export const LARGEST_PIECE: number = 128 * SLOT_SIZE

/** A piece that a segment needs. */
export interface PieceRequest {
  readonly length: number
  /**
   * Where in the first slot the segment's bytes begin: the bits of their address under
   * min_align_mask.
   */
  readonly offset: number
}

/** Bounce memory of one mapping: piece `i` begins at `places[i]` of the storage. */
export interface Area {
  readonly storage: Storage
  readonly places: readonly number[]
  readonly addresses: readonly number[]
  readonly slots: number
  readonly shape: string
}

export class BouncePool {
  readonly #machine: Machine
  readonly #traits: BounceTraits
  readonly #free: Extents
  readonly #idle = new Map<string, Area[]>()
  #used = 0

  constructor(machine: Machine, traits: BounceTraits) {
    this.#machine = machine
    this.#traits = traits
    this.#free = new Extents([{ start: traits.base, end: traits.base + traits.size }])
  }

  /** How many slots mappings hold. */
  get used(): number {
    return this.#used
  }

  /** How many slots there are. */
  get total(): number {
    return Math.floor(this.#traits.size / SLOT_SIZE)
  }

  /** The address behind its last byte. */
  get end(): number {
    return this.#traits.base + this.#traits.size
  }

  /**
   * Takes memory for all pieces or for none. EIO when one is too long or the pool is full. `align` is
   * min_align_mask + 1. Does not sleep.
   */
  take(pieces: readonly PieceRequest[], align: number): Area {
    for (const { length, offset } of pieces) {
      const planned = this.#machine.faults.next('swiotlb_tbl_map_single') !== undefined
      if (planned || slotBytes(length + offset) > LARGEST_PIECE) throw this.#full(length)
    }
    const shape = `${align}: ${pieces.map(({ length, offset }) => `${length}+${offset}`).join(' ')}`
    const area = this.#idle.get(shape)?.pop() ?? this.#fresh(pieces, align, shape)
    this.#used += area.slots
    return area
  }

  give(area: Area): void {
    this.#used -= area.slots
    const idle = this.#idle.get(area.shape)
    if (idle === undefined) this.#idle.set(area.shape, [area])
    else idle.push(area)
  }

  #fresh(pieces: readonly PieceRequest[], align: number, shape: string): Area {
    const chunks: Chunk[] = []
    let offset = 0
    for (const piece of pieces) {
      const length = slotBytes(piece.length + piece.offset)
      const physical = this.#slots(length, align) ?? this.#slotsAfterBreakingUp(length, align)
      if (physical === undefined) {
        this.#putBack(chunks)
        throw this.#full(piece.length)
      }
      chunks.push({ physical, offset, length })
      offset += length
    }
    const storage = this.#machine.ram.overReserved(chunks)
    const shift = (i: number): number => (pieces[i] as PieceRequest).offset
    return {
      storage,
      places: chunks.map((chunk, i) => chunk.offset + shift(i)),
      addresses: chunks.map((chunk, i) => chunk.physical + shift(i)),
      slots: offset / SLOT_SIZE,
      shape,
    }
  }

  /** Free slots in a row that do not go beyond a border of 128. */
  #slots(length: number, align: number): number | undefined {
    const wanted = Math.max(align, length >= PAGE_SIZE ? PAGE_SIZE : SLOT_SIZE)
    const { base } = this.#traits
    for (let low = base; ; ) {
      const start = this.#free.takeLow(length, wanted, low, this.end)
      if (start === undefined) return undefined
      const border = base + (Math.floor((start - base) / LARGEST_PIECE) + 1) * LARGEST_PIECE
      if (start + length <= border) return start
      this.#free.put(start, start + length)
      low = border
    }
  }

  #slotsAfterBreakingUp(length: number, align: number): number | undefined {
    for (const area of [...this.#idle.values()].flat()) {
      this.#machine.ram.dropReserved(area.storage)
      this.#putBack(area.storage.chunks)
    }
    this.#idle.clear()
    return this.#slots(length, align)
  }

  #putBack(chunks: readonly Chunk[]): void {
    for (const { physical, length } of chunks) this.#free.put(physical, physical + length)
  }

  #full(length: number): KernelError {
    return new KernelError(
      'EIO',
      `swiotlb buffer is full (sz: ${length} bytes), ` +
        `total ${this.total} (slots), used ${this.#used} (slots)` +
        (length > LARGEST_PIECE ? `: a segment of at most ${LARGEST_PIECE} bytes is bounced` : ''),
    )
  }
}

function slotBytes(length: number): number {
  return Math.ceil(length / SLOT_SIZE) * SLOT_SIZE
}
