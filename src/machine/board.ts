/**
 * A board as a table: the hardware properties that decide who sees which bytes, and the costs.
 *
 * A user writes one for their own hardware; everything else follows from it. `boardProblems`
 * reports contradictions in a table.
 */
import type { MemoryAttribute } from '../events/event.ts'
import type { EdgeLines } from './memory.ts'

export { boardProblems } from './board-problems.ts'

export interface DeviceTraits {
  /** Whether its accesses snoop the CPU caches, unless a single access says otherwise. */
  readonly snoops: boolean
  /**
   * The first address that it cannot put on the bus: 2 ** 30 for 30 bits. Memory at or above it is
   * bounced, or refused. All memory when left out. A driver's DMA mask may narrow it, never widen
   * it.
   */
  readonly reach?: number | undefined
  /** Whether it sits behind the board's IOMMU, with its own address space. */
  readonly iommu?: boolean | undefined
  /**
   * Whether it takes a buffer only in one piece: it has no scatter list (videobuf2-dma-contig,
   * drm_gem_dma_helper). An IOMMU makes one piece of every buffer. A custom driver decides by
   * itself.
   */
  readonly contiguous?: boolean | undefined
  /**
   * The stride of its pictures is a multiple of this many bytes, a power of two: a camera pads its lines, a
   * display refuses another stride, and pads those of dumb buffers. 1 when left out.
   */
  readonly strideStep?: number | undefined
  /** The height of its pictures is a multiple of this many lines: a camera adds lines below. */
  readonly heightStep?: number | undefined
}

/** Memory that is kept for contiguous allocations (CMA), and the heap that gives it to programs. */
export interface CmaTraits {
  /** Bytes of the region. On a board with less than four times as much RAM the kernel reserves none. */
  readonly size: number
  /** The region's physical address; the end of the RAM, below a bounce pool there, when left out. */
  readonly base?: number | undefined
  /**
   * The heap's name under /dev/dma_heap: that of the region's node in the device tree, mostly `linux,cma`;
   * `reserved` for a region that the command line made (cma_get_name, to Linux 6.16).
   */
  readonly name: string
}

/** Bytes of a slot of the bounce pool (IO_TLB_SIZE). */
export const SLOT_SIZE = 2048

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
  /** Per byte that the CPU loads from memory that is mapped uncached; 40 times `cpuByte` when left out. */
  readonly uncachedByte?: number | undefined
  /** Per byte that the CPU loads from memory that is mapped write-combining; likewise. */
  readonly writeCombineByte?: number | undefined
}

/**
 * Assumption: loads that miss every cache and are not fetched ahead take about 40 times as long as a copy
 * through the cache, 100 MB/s against 4 GB/s, the order that drivers' authors measure.
 */
const PAST_THE_CACHE = 40

/** Nanoseconds for the load of a byte beyond those of a cached load. */
export function loadCost({ cost }: Board, attribute: MemoryAttribute): number {
  const { cpuByte, uncachedByte, writeCombineByte } = cost
  if (attribute === 'cached') return 0
  const given = attribute === 'uncached' ? uncachedByte : writeCombineByte
  return Math.max(0, (given ?? PAST_THE_CACHE * cpuByte) - cpuByte)
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
    /**
     * Free memory is scattered, as on a machine that has run for a while: no piece that the page allocator
     * hands out is followed by the next one.
     */
    readonly fragmented?: boolean | undefined
  }
  readonly cma?: CmaTraits | undefined
  readonly bounce?: BounceTraits | undefined
  readonly iommu?: IommuTraits | undefined
  readonly devices: Readonly<Record<string, DeviceTraits>>
  /** The traits of a device that is not listed. */
  readonly otherDevices: DeviceTraits
  /** Mapping or syncing from-device for a device: arm64 and riscv clean, arm32 and mips invalidate. */
  readonly fromDeviceMap: 'clean' | 'invalidate'
  /** The effect of an invalidate on a line that the range covers in part. */
  readonly edges: EdgeLines
  /** Whether uncached CPU accesses see the cache (x86), or go around it (ARM). */
  readonly uncachedSnoops: boolean
  /** On a coherent board: the board that its programs are judged for. */
  readonly judgedAs?: string | undefined
  readonly cost: CostTable
}

/** The board's traits of a device, listed or not. */
export function traitsOf(board: Board, device: string): DeviceTraits {
  return board.devices[device] ?? board.otherDevices
}

/** Whether the device snoops the cache on this board. */
export function snoops(board: Board, device: string): boolean {
  return traitsOf(board, device).snoops
}

/** Whether no access on this board can miss another agent's store. */
export function isCoherent(board: Board): boolean {
  return board.uncachedSnoops && allTraits(board).every((device) => device.snoops)
}

/** The address behind the board's last byte of RAM. */
export function ramEnd({ ram }: Board): number {
  return ram.base + ram.size
}

/** Whether every device takes memory in pieces, of whichever heap: itself or through an IOMMU. */
export function takesAnyMemory(board: Board): boolean {
  return allTraits(board).every(({ contiguous, iommu }) => contiguous !== true || iommu === true)
}

/** Where the region for contiguous allocations lies; undefined where there is none. */
export function cmaRegion(board: Board): { base: number; size: number } | undefined {
  const { cma, ram } = board
  if (cma === undefined || cma.size * 4 > ram.size) return undefined
  const { size, base = freeBase(board, size) } = cma
  return base < ram.base ? undefined : { base, size }
}

/** The end of the RAM, or below the bounce pool where that is there. */
function freeBase(board: Board, size: number): number {
  const { bounce } = board
  const end = ramEnd(board)
  const isFree = bounce === undefined || bounce.base + bounce.size <= end - size
  return isFree ? end - size : bounce.base - size
}

/** The traits of every listed device, and of those that are not listed. */
export function allTraits(board: Board): DeviceTraits[] {
  return [...Object.values(board.devices), board.otherDevices]
}

/**
 * Whether `judged` would bounce the same mappings as `board`: if not, a run on `board` proves
 * nothing about bouncing there.
 */
export function bouncesAlike(board: Board, judged: Board): boolean {
  if (board === judged) return true
  if (!mayBounce(board) || !mayBounce(judged)) return mayBounce(board) === mayBounce(judged)
  const devices = new Set([...Object.keys(board.devices), ...Object.keys(judged.devices), ''])
  return (
    samePool(board.bounce, judged.bounce) &&
    board.ram.base === judged.ram.base &&
    board.ram.size === judged.ram.size &&
    (board.ram.normal ?? board.ram.base) === (judged.ram.normal ?? judged.ram.base) &&
    [...devices].every((device) => sameWay(board, judged, device))
  )
}

/** Whether any device's mapping may be bounced here, with the masks that devices start with. */
function mayBounce(board: Board): boolean {
  if (board.bounce === undefined) return false
  const direct = allTraits(board).filter(({ iommu }) => iommu !== true)
  return direct.some(
    ({ reach = Number.POSITIVE_INFINITY }) =>
      board.bounce?.forced === true || reach < ramEnd(board),
  )
}

function samePool(a: BounceTraits | undefined, b: BounceTraits | undefined): boolean {
  return a?.forced === b?.forced && a?.base === b?.base && a?.size === b?.size
}

function sameWay(board: Board, judged: Board, device: string): boolean {
  const [a, b] = [traitsOf(board, device), traitsOf(judged, device)]
  return a.reach === b.reach && (a.iommu ?? false) === (b.iommu ?? false)
}
