/**
 * Drivers' settings of their devices: DMA masks and limits of segments. Source:
 * include/linux/dma-mapping.h, kernel/dma/mapping.c and kernel/dma/direct.c of Linux 6.12.
 */
import type { DriverName } from '../../events/event.ts'
import { type Board, type DeviceTraits, ramEnd, traitsOf } from '../../machine/board.ts'
import { KernelError } from '../../machine/kernel-error.ts'

export interface DeviceLimits {
  /** dma_set_max_seg_size, in bytes. Default: 64 KiB. */
  readonly maxSegmentSize: number
  /** dma_set_seg_boundary: no segment crosses a multiple of this plus one. No limit: undefined. */
  readonly segmentBoundaryMask: number | undefined
  /** dma_set_min_align_mask: the low bits of an address that a bounce copy keeps. */
  readonly minAlignMask: number
  /** The bits of addresses that the driver says it can use; `none`: the device has no DMA mask at all. */
  readonly mask: number | 'none' | undefined
  /**
   * It exists in software alone, as vgem's platform device and udmabuf's misc device do: it is on no bus
   * that narrows its addresses and behind no IOMMU. A board that lists it by name overrules that.
   */
  readonly virtual: boolean
  /** The driver that is bound to the device. */
  readonly driver: DriverName | undefined
}

const DEFAULTS: DeviceLimits = {
  maxSegmentSize: 64 * 1024,
  segmentBoundaryMask: undefined,
  minAlignMask: 0,
  mask: undefined,
  virtual: false,
  driver: undefined,
}

export class DeviceParameters {
  readonly #board: Board
  readonly #limits = new Map<string, DeviceLimits>()

  constructor(board: Board) {
    this.#board = board
  }

  of(device: string): DeviceLimits {
    return this.#limits.get(device) ?? DEFAULTS
  }

  /** Changes the given settings. RangeError for a value that no driver could set. */
  set(device: string, limits: Partial<DeviceLimits>): void {
    const problem = problemOf(limits)
    if (problem !== undefined) throw new RangeError(problem)
    this.#limits.set(device, { ...this.of(device), ...limits })
  }

  /** The driver is unbound: its settings of the device are forgotten. */
  forget(device: string): void {
    this.#limits.delete(device)
  }

  /**
   * dma_set_mask_and_coherent: the device's driver uses addresses of `bits` bits. EIO when no memory
   * could ever be mapped so. Masks of 32 bits and more are always taken; below, the mask must cover
   * the RAM or its DMA zone, unless an IOMMU makes the addresses. Source: dma_direct_supported.
   */
  setMask(device: string, bits: number): void {
    if (!Number.isInteger(bits) || bits < 1 || bits > 64) {
      throw new RangeError(`bits is ${bits}: a DMA mask has 1 to 64`)
    }
    const { ram } = this.#board
    const needed = Math.min(ramEnd(this.#board), ram.normal ?? Number.POSITIVE_INFINITY)
    if (!this.usesIommu(device) && bits < 32 && 2 ** bits < needed) {
      throw new KernelError(
        'EIO',
        `a mask of ${bits} bits reaches 0x${(2 ** bits).toString(16)}, memory goes up to 0x${needed.toString(16)}`,
      )
    }
    this.#limits.set(device, { ...this.of(device), mask: bits })
  }

  /** The first address that the device cannot use: the board's limit and the driver's mask. */
  reach(device: string): number {
    const { mask } = this.of(device)
    const { reach = Number.POSITIVE_INFINITY } = this.#placeOf(device)
    return Math.min(reach, typeof mask === 'number' ? 2 ** mask : Number.POSITIVE_INFINITY)
  }

  usesIommu(device: string): boolean {
    return this.#board.iommu !== undefined && this.#placeOf(device).iommu === true
  }

  /** Whether the device takes a buffer only where its DMA addresses are one piece. */
  isContiguous(device: string): boolean {
    return this.#placeOf(device).contiguous ?? false
  }

  /** The bytes that the device wants the stride of a picture to be a multiple of. */
  strideStep(device: string): number {
    return this.#placeOf(device).strideStep ?? 1
  }

  /** The board's entry for the device; empty for one that is virtual and not listed. */
  #placeOf(device: string): Omit<DeviceTraits, 'snoops'> {
    const isListed = Object.hasOwn(this.#board.devices, device)
    return this.of(device).virtual && !isListed ? {} : traitsOf(this.#board, device)
  }
}

function problemOf(limits: Partial<DeviceLimits>): string | undefined {
  const { maxSegmentSize, segmentBoundaryMask, minAlignMask } = limits
  if (maxSegmentSize !== undefined && !(maxSegmentSize >= 1)) {
    return `maxSegmentSize is ${maxSegmentSize}: it must be a count of bytes`
  }
  for (const [name, mask] of Object.entries({ segmentBoundaryMask, minAlignMask })) {
    if (mask !== undefined && !isMask(mask)) return `${name} is ${mask}: it must be 2 ** n - 1`
  }
  return undefined
}

function isMask(mask: number): boolean {
  return Number.isSafeInteger(mask) && mask >= 0 && Number.isInteger(Math.log2(mask + 1))
}
