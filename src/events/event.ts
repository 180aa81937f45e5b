/**
 * The one event stream: every source (the simulated kernel, the tap around the waist, recorded traces)
 * emits these, and the checker knows nothing else.
 *
 * Ranges are in bytes, half open, relative to the buffer's start; times are in nanoseconds of the
 * kernel's clock; ids grow by one from event to event.
 */

import type { MisuseCode } from './misuse-code.ts'

export type EventId = number
/**
 * A dma-buf's inode number, which fdinfo and debugfs show as well; below zero for other memory that
 * the CPU and devices meet in: a memfd, a driver's own allocation.
 */
export type BufferId = number
/** The id of one allocation's bytes, where buffers, memfds and bounce copies may meet. */
export type StorageId = number

export interface Range {
  readonly start: number
  readonly end: number
}

/** Bytes that follow each other in one storage: where a range of a buffer lies. */
export interface Placement {
  readonly storage: StorageId
  readonly offset: number
  readonly length: number
}

/** A driver as findings name it. */
export interface DriverName {
  readonly name: string
  /**
   * A built-in driver, which mirrors Linux: a contract that it breaks is a note under its name and not a
   * finding.
   */
  readonly modelled: boolean
}

/** Who did it: a CPU task, a device on the bus, or the kernel itself on behalf of a task. */
export interface Agent {
  readonly kind: 'task' | 'device' | 'kernel'
  readonly name: string
}

/** A line of the user's program. V8 formats the stack when it is first read. */
export interface EventOrigin {
  readonly stack?: string | undefined
}

/** The operations of an exporter at the two ends of a CPU access. */
export type AccessOperation = 'begin_cpu_access' | 'end_cpu_access'
export type CpuAccess = 'read' | 'write' | 'read-write'
export type DmaDirection = 'to-device' | 'from-device' | 'bidirectional'
export type CacheOp = 'clean' | 'invalidate'
export type MemoryAttribute = 'cached' | 'write-combine' | 'uncached'
/** The attribute of a mapping; `unknown` on a real kernel, which does not report it for every exporter. */
export type MappedAttribute = MemoryAttribute | 'unknown'

/**
 * Some legal hardware gives this read other bytes than a coherent machine would.
 *
 * `stale-line`: a cached line may still hold the value before the last store.
 * `memory-behind`: the last store may still be in a cache line that this read does not use.
 * `lost`: no copy may hold the last store any more (a line was dropped, or a stale line was written over it).
 */
export interface Hazard {
  readonly range: Range
  readonly kind: 'stale-line' | 'memory-behind' | 'lost'
  /** The event that stored the bytes a coherent machine would return. */
  readonly lastStore: EventId
  /** Whether this run's own bytes came out wrong. */
  readonly wrongNow: boolean
  /** How many of them did. */
  readonly wrongBytes: number
}

interface Common {
  /** Grows by one from event to event. */
  readonly id: EventId
  /** Nanoseconds of the kernel's clock. */
  readonly time: number
  /** The task, the device or the part of the kernel that did it. */
  readonly agent: Agent
  /** The task that it happened on; 0 for devices and timers, which no task runs. Two tasks may have one name. */
  readonly task: number
  /** The process of the task; 0 for the kernel itself and for devices. */
  readonly process: number
  /**
   * The event that it is part of: the system call during which the kernel did it, the method of the classes
   * that made the call. The exit of a call is within its entry.
   */
  readonly within?: EventId | undefined
  /** The exporter's operation that does it. */
  readonly during?: AccessOperation | undefined
  /** The line of the program, or of a driver, that caused it. */
  readonly origin?: EventOrigin | undefined
}

/** A system call begins (`enter`) or returns (`exit`, with its `result`). */
export interface CallEvent extends Common {
  readonly kind: 'call'
  readonly phase: 'enter' | 'exit'
  /** Joins the two phases. */
  readonly call: number
  /** `open`, `close`, `mmap`, or an ioctl's header name, as DMA_BUF_IOCTL_SYNC. */
  readonly name: string
  /** The descriptor that it is made on. */
  readonly fd?: number | undefined
  /** Zero or positive, or a negative errno. */
  readonly result?: number | undefined
  /** The address for view, load, store and munmap, and the result of mmap. */
  readonly address?: number | undefined
  /** Bytes that the call is about, or that its arguments declare (a plane, a framebuffer). */
  readonly length?: number | undefined
  /** For mremap: bytes that were mapped before. */
  readonly oldLength?: number | undefined
  /** Where in the file, or in the declared buffer, these bytes begin. */
  readonly offset?: number | undefined
  /** The buffer that a declared size is about, where it is not the one behind `fd`. */
  readonly buffer?: BufferId | undefined
  /** The arguments, for people. */
  readonly text?: string | undefined
}

/**
 * A method of the classes that may sleep was called (`begin`), its promise was awaited for the first
 * time, or is settled (`end`). `needed`: another method fails because this one has not completed; `name`
 * and `origin` are the other method's.
 */
export interface OperationEvent extends Common {
  readonly kind: 'operation'
  readonly phase: 'begin' | 'awaited' | 'end' | 'needed'
  /** Joins the phases. */
  readonly operation: number
  /** `DmaBuf.withCpuAccess`. */
  readonly name: string
  /** Who uses the buffers because of it: the CPU, or a device that it hands them to or takes them from. */
  readonly by: 'cpu' | 'device'
  readonly access: CpuAccess
  /** It only ends a CPU access. */
  readonly ends?: boolean | undefined
  /** The buffers' descriptors, as far as they are known. */
  readonly fds: readonly number[]
}

export interface FdOpenEvent extends Common {
  readonly kind: 'fd-open'
  readonly fd: number
  /** The open file; descriptors made by dup share it. */
  readonly file: number
  /** The path, or `dmabuf`. */
  readonly what: string
  readonly buffer?: BufferId | undefined
  /** No call of the program's made it: who has to close it is not known. */
  readonly from?: 'elsewhere' | undefined
}
export interface FdCloseEvent extends Common {
  readonly kind: 'fd-close'
  readonly fd: number
  readonly file: number
  readonly what: string
  readonly buffer?: BufferId | undefined
}

export interface ExportEvent extends Common {
  readonly kind: 'export'
  readonly buffer: BufferId
  readonly size: number
  readonly exporter: string
  /** Whose operations they are. */
  readonly driver?: DriverName | undefined
}
/** Memory other than a dma-buf became known: a memfd, or the allocation of a driver. */
export interface MemoryEvent extends Common {
  readonly kind: 'memory'
  readonly buffer: BufferId
  readonly size: number
  /** As a sentence names it: `memfd frames`, `descriptors of vpdma`. */
  readonly what: string
  /** How its driver loads and stores it; `cached` when left out. */
  readonly attribute?: MemoryAttribute | undefined
  /** Where its bytes lie, if that does not change. */
  readonly placement?: readonly Placement[] | undefined
}
/** The last reference to a dma-buf, or to other memory, is gone. */
export interface ReleaseEvent extends Common {
  readonly kind: 'release'
  readonly buffer: BufferId
}

export interface AttachEvent extends Common {
  readonly kind: 'attach' | 'detach'
  readonly buffer: BufferId
  readonly attachment: number
  readonly device: string
}
/** Who asked an exporter to map or to unmap: dma_buf_map_attachment, and dma_buf_unmap_attachment. */
export interface ImporterCall {
  readonly driver: DriverName
  /** As the importer said it; the exporter may have mapped otherwise. */
  readonly direction: DmaDirection
  readonly origin?: EventOrigin | undefined
}
/**
 * dma_buf_move_notify has reached a dynamic importer: mappings through the attachment must not be used any
 * more.
 */
export interface MoveNotifyEvent extends Common {
  readonly kind: 'move-notify'
  readonly buffer: BufferId
  readonly attachment: number
  readonly device: string
}
/** Memory was mapped for a device, or unmapped: the device may reach it in between. */
export interface DmaMapEvent extends Common {
  readonly kind: 'dma-map' | 'dma-unmap'
  readonly buffer: BufferId
  /** The attachment it was made for; undefined for a mapping that a driver made for itself. */
  readonly attachment: number | undefined
  readonly mapping: number
  readonly device: string
  readonly direction: DmaDirection
  /** DMA_ATTR_SKIP_CPU_SYNC, at map or at unmap. */
  readonly skipCpuSync: boolean
  /** Which bytes of the buffer it maps; all of them when left out. */
  readonly range?: Range | undefined
  /** Where these bytes lie. */
  readonly placement?: readonly Placement[] | undefined
  /** Ranges of the buffer that the device reaches as a bounce copy. */
  readonly bounced?: readonly Range[] | undefined
  /** Who made it: of an attachment's, the exporter. */
  readonly driver?: DriverName | undefined
  /** Of an attachment's mapping: who asked for it, or for its end. */
  readonly importer?: ImporterCall | undefined
}
/**
 * dma_sync_*_for_cpu or _for_device on a mapping: memory changes hands. Its cache maintenance and bounce copies
 * are separate events, before this one.
 */
export interface DmaSyncEvent extends Common {
  readonly kind: 'dma-sync'
  readonly to: 'cpu' | 'device'
  readonly buffer: BufferId
  readonly mapping: number
  readonly device: string
  readonly direction: DmaDirection
  readonly range: Range
  readonly driver?: DriverName | undefined
}
/** The DMA layer copied bytes between a buffer and the bounce copy of one mapping. */
export interface BounceCopyEvent extends Common {
  readonly kind: 'bounce-copy'
  readonly to: 'bounce' | 'original'
  readonly buffer: BufferId
  readonly mapping: number
  readonly device: string
  readonly range: Range
}

/** The kernel's own checks would warn. The call goes on as it would there. */
export interface MisuseEvent extends Common {
  readonly kind: 'misuse'
  readonly code: MisuseCode
  /** The kernel's name of the call or the operation: `dma_unmap_sgtable`, `map_dma_buf`. */
  readonly operation: string
  readonly driver: DriverName
  readonly device?: string | undefined
  readonly buffer?: BufferId | undefined
  readonly range?: Range | undefined
  readonly mapping?: number | undefined
  /** The mismatch, with the values: `map size=4096 bytes, unmap size=8192 bytes`. */
  readonly text: string
  /** The earlier event that it contradicts. */
  readonly against?: EventId | undefined
}

/** DMA_BUF_IOCTL_SYNC reached the kernel and came back with `result`. */
export interface AccessEdgeEvent extends Common {
  readonly kind: 'cpu-access-begin' | 'cpu-access-end'
  readonly buffer: BufferId
  readonly access: CpuAccess
  readonly result: number
  /** The devices whose mappings were synced by it; none: the call moved no data. */
  readonly synced: readonly string[]
}

export interface CpuMapEvent extends Common {
  readonly kind: 'cpu-map' | 'cpu-unmap'
  readonly buffer: BufferId
  readonly mapping: number
  readonly range: Range
  readonly attribute: MappedAttribute
  readonly writable: boolean
  /** Where these bytes lie; nowhere between unmap_mapping_range and the next access. */
  readonly placement?: readonly Placement[] | undefined
  /** Whether mremap may make it longer: the exporter did not forbid it (VM_DONTEXPAND). */
  readonly expandable?: boolean | undefined
  /** MAP_PRIVATE: a store makes a copy of its page for the process alone. */
  readonly isPrivate?: boolean | undefined
}
/**
 * The process used its private copy of pages that it has mapped MAP_PRIVATE. The first store to a page makes
 * the copy. No device and no other mapping sees it, and it does not see their stores.
 */
export interface PrivateAccessEvent extends Common {
  readonly kind: 'private-load' | 'private-store'
  readonly buffer: BufferId
  readonly mapping: number
  readonly range: Range
}
/** Bytes of a mapping were handed out as an array. Its loads are never seen, its stores afterwards. */
export interface CpuViewEvent extends Common {
  readonly kind: 'cpu-view'
  readonly buffer: BufferId
  readonly mapping: number
  readonly range: Range
  readonly scope: 'bracket' | 'mapping'
  /** It was handed out before, and a START for reading makes it show the bytes again. */
  readonly kept?: boolean | undefined
  /** The bytes that a read of the whole range could get wrong at this moment. */
  readonly hazards: readonly Hazard[]
}
export interface CpuAccessEvent extends Common {
  readonly kind: 'cpu-load' | 'cpu-store'
  readonly buffer: BufferId
  readonly mapping: number | undefined
  readonly range: Range
  /** `exact`: seen as it happened; `reconciled`: found afterwards, between `since` and this event. */
  readonly seen: 'exact' | 'reconciled'
  readonly since?: EventId | undefined
  /** The event in which the view that stored was taken. */
  readonly view?: EventId | undefined
  /** The event in which the CPU access or the mapping ended that the view was taken in: it is dead. */
  readonly viewEnded?: EventId | undefined
  /** Parts of the range in lines that were stored to only in part while they may have been old. */
  readonly hazards: readonly Hazard[]
}

export interface JobEvent extends Common {
  readonly kind: 'job-start' | 'job-end'
  readonly job: number
  readonly device: string
  readonly access: 'read' | 'write'
  readonly buffer: BufferId
  readonly range: Range
  readonly mapping: number | undefined
}
export interface DeviceAccessEvent extends Common {
  readonly kind: 'device-load' | 'device-store'
  readonly job: number | undefined
  readonly device: string
  readonly buffer: BufferId
  readonly range: Range
  readonly snooped: boolean
  readonly hazards: readonly Hazard[]
  /** The mapping that the device went through. */
  readonly mapping?: number | undefined
  /** All or part of the range is a bounce copy of the mapping. */
  readonly bounced?: boolean | undefined
}
/** An IOMMU, or an empty bus, refused a device's access: nothing was read or written. */
export interface DeviceFaultEvent extends Common {
  readonly kind: 'device-fault'
  readonly job: number | undefined
  readonly device: string
  readonly access: 'read' | 'write'
  readonly buffer: BufferId
  readonly mapping: number | undefined
  readonly range: Range
  /** The DMA address of its first byte. */
  readonly address: number
  readonly reason: 'unmapped' | 'out-of-range' | 'read-only' | 'write-only'
}
/** The DMA layer changed cache lines for `device`; `bytes` were cleaned or invalidated on this board. */
export interface MaintenanceEvent extends Common {
  readonly kind: 'maintenance'
  readonly op: CacheOp
  readonly buffer: BufferId
  readonly range: Range
  readonly device: string
  readonly bytes: number
}

/** A driver's queue took a buffer or returned it: in between it belongs to the driver. */
export interface QueueEvent extends Common {
  readonly kind: 'queue' | 'dequeue'
  readonly device: string
  readonly index: number
  readonly buffer: BufferId
  /** How the driver's device uses it; the direction of its mapping if absent. */
  readonly access?: 'read' | 'write' | undefined
}
/**
 * A display took a picture, or released it. It reads these bytes again and again from the next vertical
 * blank after the first, and no more after the second.
 */
export interface ScanoutEvent extends Common {
  readonly kind: 'scanout-take' | 'scanout-release'
  readonly device: string
  /** Counts the pictures; a picture in several buffers is one event for each. */
  readonly picture: number
  readonly buffer: BufferId
  readonly range: Range
}
/** A PRIME handle came to stand for a buffer, or stopped. */
export interface HandleEvent extends Common {
  readonly kind: 'handle-open' | 'handle-close'
  readonly file: number
  readonly handle: number
  readonly buffer: BufferId | undefined
  /** For `handle-open`: false when the import returned a handle that was already open. */
  readonly fresh: boolean
  readonly result: number
}

/** The program's default export settled (`returned`, `threw`), or the run was ended for it. */
export interface ProgramEndEvent extends Common {
  readonly kind: 'program-end'
  readonly how: 'returned' | 'threw' | 'stopped'
  readonly error?: string | undefined
}

export type DmabufEvent =
  | CallEvent
  | OperationEvent
  | FdOpenEvent
  | FdCloseEvent
  | ExportEvent
  | MemoryEvent
  | ReleaseEvent
  | AttachEvent
  | MoveNotifyEvent
  | DmaMapEvent
  | DmaSyncEvent
  | BounceCopyEvent
  | MisuseEvent
  | AccessEdgeEvent
  | CpuMapEvent
  | CpuViewEvent
  | CpuAccessEvent
  | PrivateAccessEvent
  | JobEvent
  | DeviceAccessEvent
  | DeviceFaultEvent
  | MaintenanceEvent
  | QueueEvent
  | ScanoutEvent
  | HandleEvent
  | ProgramEndEvent

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never
/** An event as its source writes it. The stream adds the id, the time and the cause. */
export type NewEvent = DistributiveOmit<
  DmabufEvent,
  'id' | 'time' | 'agent' | 'task' | 'process'
> & {
  agent?: Agent
}
