/**
 * Mapping without an IOMMU: the device gets physical addresses, or those of a bounce copy where it does
 * not reach, or the board bounces everything. Source: dma_direct_map_page in kernel/dma/direct.h and
 * swiotlb_map in kernel/dma/swiotlb.c of Linux 6.12.
 */
import { ramEnd, SLOT_SIZE } from '../../machine/board.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import type { Machine } from '../../machine/machine.ts'
import { type BounceCopy, layOutCopy } from './bounce/bounce-copy.ts'
import { BouncePool, LARGEST_PIECE, type PieceRequest } from './bounce/bounce-pool.ts'
import type { DeviceParameters } from './device-parameters.ts'
import type { DmaSegment, Reached } from './mapping.ts'
import { factsOf } from './segment-facts.ts'
import { physicalSegments, type Segment, type SgTable } from './sg-table.ts'

/** Memory beyond the device's reach that cannot be bounced: the text of the kernel's WARN. */
export class AddressOverflow extends KernelError {
  constructor(why: string) {
    super('EIO', why)
  }
}

export class DirectMap {
  readonly #machine: Machine
  readonly #devices: DeviceParameters
  readonly #pool: BouncePool | undefined

  constructor(machine: Machine, devices: DeviceParameters) {
    this.#machine = machine
    this.#devices = devices
    const { bounce } = machine.board
    this.#pool = bounce === undefined ? undefined : new BouncePool(machine, bounce)
  }

  /** The bounce pool, where the board has one. */
  get pool(): BouncePool | undefined {
    return this.#pool
  }

  /** EIO: an address out of reach, a segment too long to bounce, or a full pool. Nothing is copied. */
  reach(device: string, table: SgTable): Reached {
    const reach = this.#devices.reach(device)
    if (!this.#forced && reach >= ramEnd(this.#machine.board)) return directly(table)
    const segments = physicalSegments(table)
    if (!this.#forced && factsOf(segments).top <= reach) return directly(table)
    const isBounced = segments.map((segment) => this.#forced || endOf(segment) > reach)
    return this.#bounced(device, { table, segments, isBounced, reach })
  }

  /** The longest piece that can be mapped whether it is bounced or not: swiotlb_max_mapping_size. */
  longest(device: string): number {
    const mayBounce = this.#forced || this.#devices.reach(device) < ramEnd(this.#machine.board)
    if (this.#pool === undefined || !mayBounce) return Number.POSITIVE_INFINITY
    const { minAlignMask } = this.#devices.of(device)
    return LARGEST_PIECE - Math.ceil(minAlignMask / SLOT_SIZE) * SLOT_SIZE
  }

  /** Gives the copy's memory back. */
  release(copy: BounceCopy): void {
    this.#pool?.give(copy.area)
  }

  get #forced(): boolean {
    return this.#machine.board.bounce?.forced === true
  }

  #bounced(
    device: string,
    what: {
      table: SgTable
      segments: readonly Segment[]
      isBounced: readonly boolean[]
      reach: number
    },
  ): Reached {
    const { table, segments, isBounced, reach } = what
    const pool = this.#pool
    const wanted = segments.filter((_, i) => isBounced[i])
    if (pool === undefined) throw overflow('DMA', wanted[0] as Segment, reach)
    if (pool.end > reach) throw overflow('swiotlb', { physical: pool.end - 1, length: 1 }, reach)
    const { minAlignMask } = this.#devices.of(device)
    const pieces = wanted.map(
      ({ physical, length }): PieceRequest => ({ length, offset: physical % (minAlignMask + 1) }),
    )
    const area = pool.take(pieces, minAlignMask + 1)
    let next = 0
    const index = isBounced.map((bounced) => (bounced ? next++ : undefined))
    const places = index.map((i) => (i === undefined ? undefined : area.places[i]))
    const { copy, runs } = layOutCopy({ segments, runs: table.runs, area, places })
    return {
      runs,
      bounce: copy,
      segments: () =>
        segments.map(({ physical, length }, i): DmaSegment => {
          const bounced = index[i]
          return { address: bounced === undefined ? physical : addressOf(area, bounced), length }
        }),
    }
  }
}

/** The table as it is: for memory that was allocated within the device's reach. */
export function directly(table: SgTable): Reached {
  return {
    runs: table.runs,
    segments: () =>
      physicalSegments(table).map(({ physical, length }) => ({ address: physical, length })),
  }
}

function endOf({ physical, length }: Segment): number {
  return physical + length
}

function addressOf({ addresses }: { addresses: readonly number[] }, index: number): number {
  return addresses[index] as number
}

function overflow(what: 'DMA' | 'swiotlb', segment: Segment, reach: number): AddressOverflow {
  const { physical, length } = segment
  return new AddressOverflow(
    `${what} addr 0x${physical.toString(16)}+${length} overflow ` +
      `(reach 0x${reach.toString(16)})`,
  )
}
