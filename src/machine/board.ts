/**
 * A board as a table: what of the hardware decides who sees which bytes, and what things cost.
 *
 * A user writes one for their own hardware; everything else follows from it.
 */
import type { EdgeLines } from './memory.ts'

export interface DeviceTraits {
  /** Whether its accesses look into the CPUs' cache, unless a single access says otherwise. */
  readonly snoops: boolean
  /**
   * The first address that it cannot put on the bus: 2 ** 30 for 30 bits. What lies at or above is
   * bounced, or refused. All memory when left out. A driver's DMA mask may narrow it, never widen it.
   */
  readonly reach?: number | undefined
  /** Whether it sits behind the board's IOMMU, where every address is one of its own. */
  readonly iommu?: boolean | undefined
}

/** Memory that the DMA layer copies through for devices that cannot reach a buffer (swiotlb). */
export interface BounceTraits {
  /** The pool's physical address and size, in bytes, within `ram`. */
  readonly base: number
  readonly size: number
  /** Bounces every mapping, whether it is needed or not: the boot argument `swiotlb=force`. */
  readonly forced: boolean
}

export interface IommuTraits {
  /**
   * `strict`: an unmapped address faults at once; `lazy`: it may be reached until the flush queue is
   * emptied (CONFIG_IOMMU_DEFAULT_DMA_LAZY: 10 ms, or 256 entries).
   */
  readonly unmap: 'strict' | 'lazy'
}

/** Times in nanoseconds; each number has its source beside it in the board's file. */
export interface CostTable {
  readonly syscall: number
  /** Per line that is written back from the cache to memory. */
  readonly cleanLine: number
  /** Per line that is dropped. */
  readonly invalidateLine: number
  /** Per byte that the CPU copies or fills through a cached mapping. */
  readonly cpuByte: number
  /** Per byte that a device moves. */
  readonly dmaByte: number
}

export interface Board {
  readonly name: string
  /** One sentence for people who choose a board. */
  readonly description: string
  /** Bytes in a cache line: a power of two, from 16 to 256. */
  readonly lineSize: number
  readonly ram: {
    readonly base: number
    readonly size: number
    /**
     * Where ordinary memory begins: frames below are the DMA zone, handed out to those who ask for
     * low memory, and to others only when the rest is full. The base when left out: there is no zone.
     */
    readonly normal?: number | undefined
  }
  readonly bounce?: BounceTraits | undefined
  readonly iommu?: IommuTraits | undefined
  readonly devices: Readonly<Record<string, DeviceTraits>>
  /** What a device that is not listed does. */
  readonly otherDevices: DeviceTraits
  /** Mapping or syncing from-device for a device: arm64 and riscv clean, arm32 and mips invalidate. */
  readonly fromDeviceMap: 'clean' | 'invalidate'
  /** What invalidating does to a line that the range covers in part. */
  readonly edges: EdgeLines
  /** Whether uncached CPU accesses see the cache (x86), or go around it (ARM). */
  readonly uncachedSnoops: boolean
  /** On a coherent board: the board that its programs are judged for. */
  readonly judgedAs?: string | undefined
  readonly cost: CostTable
}

/** Whether the device looks into the cache on this board. */
export function snoops(board: Board, device: string): boolean {
  return (board.devices[device] ?? board.otherDevices).snoops
}

/** Whether no access on this board can miss what another agent stored. */
export function isCoherent(board: Board): boolean {
  return board.otherDevices.snoops && Object.values(board.devices).every((device) => device.snoops)
}

/** What contradicts itself in a board's table, in sentences; empty when it is sound. */
export function boardProblems(board: Board): string[] {
  const problems: string[] = []
  const { lineSize, ram } = board
  if (lineSize < 16 || lineSize > 256 || (lineSize & (lineSize - 1)) !== 0) {
    problems.push(`lineSize is ${lineSize}: it must be a power of two from 16 to 256`)
  }
  if (ram.size <= 0 || ram.size % 4096 !== 0 || ram.base % 4096 !== 0 || ram.base < 0) {
    problems.push(`ram is ${ram.size} bytes at ${ram.base}: both must be whole pages of 4096`)
  }
  for (const [name, cost] of Object.entries(board.cost)) {
    if (!(cost >= 0)) problems.push(`cost.${name} is ${cost}: it must be zero or more nanoseconds`)
  }
  return problems
}
