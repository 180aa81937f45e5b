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
  /** The first byte. */
  readonly start: number
  /** The byte after the last one. */
  readonly end: number
}

/** Bytes that follow each other in one storage: where a range of a buffer lies. */
export interface Placement {
  /** Where they lie. */
  readonly storage: StorageId
  /** From the storage's start. */
  readonly offset: number
  /** In bytes. */
  readonly length: number
}

/** A driver as findings name it. */
export interface DriverName {
  /** As the driver registers it: `system-heap`, `vivid`. */
  readonly name: string
  /**
   * A built-in driver, which mirrors Linux: a contract that it breaks is a note under its name and not a
   * finding.
   */
  readonly modelled: boolean
}

/** Who did it: a CPU task, a device on the bus, or the kernel itself on behalf of a task. */
export interface Agent {
  /** A task is of a process; the kernel is a part of it that no task called. */
  readonly kind: 'task' | 'device' | 'kernel'
  /** The name of the task or the device; of the kernel, the part: `dma`, `timer`. */
  readonly name: string
}

/** A line of the user's program. V8 formats the stack when it is first read. */
export interface EventOrigin {
  /** As V8 formats it; absent if only the place is known. */
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
  /** The bytes that may come out wrong. */
  readonly range: Range
  /** Where the bytes of the last store are instead. */
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
  /** Its entry or its return. */
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
  /** The step of its life. */
  readonly phase: 'begin' | 'awaited' | 'end' | 'needed'
  /** Joins the phases. */
  readonly operation: number
  /** `DmaBuf.withCpuAccess`. */
  readonly name: string
  /** Who uses the buffers because of it: the CPU, or a device that it hands them to or takes them from. */
  readonly by: 'cpu' | 'device'
  /** How it uses the buffers. */
  readonly access: CpuAccess
  /** It only ends a CPU access. */
  readonly ends?: boolean | undefined
  /** The buffers' descriptors, as far as they are known. */
  readonly fds: readonly number[]
}

export interface FdOpenEvent extends Common {
  readonly kind: 'fd-open'
  /** The descriptor. */
  readonly fd: number
  /** The open file; descriptors made by dup share it. */
  readonly file: number
  /** The path, or `dmabuf`. */
  readonly what: string
  /** The dma-buf behind it, if it is one. */
  readonly buffer?: BufferId | undefined
  /** No call of the program's made it: who has to close it is not known. */
  readonly from?: 'elsewhere' | undefined
}
export interface FdCloseEvent extends Common {
  readonly kind: 'fd-close'
  /** The descriptor. */
  readonly fd: number
  /** The open file; it ends with its last descriptor. */
  readonly file: number
  /** The path, or `dmabuf`. */
  readonly what: string
  /** The dma-buf behind it, if it is one. */
  readonly buffer?: BufferId | undefined
}

export interface ExportEvent extends Common {
  readonly kind: 'export'
  /** The new dma-buf. */
  readonly buffer: BufferId
  /** In bytes. */
  readonly size: number
  /** The name that the exporter gave it (exp_name). */
  readonly exporter: string
  /** Whose operations they are. */
  readonly driver?: DriverName | undefined
}
/** Memory other than a dma-buf became known: a memfd, or the allocation of a driver. */
export interface MemoryEvent extends Common {
  readonly kind: 'memory'
  /** Its id, below zero. */
  readonly buffer: BufferId
  /** In bytes. */
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
  /** The buffer that no longer exists. */
  readonly buffer: BufferId
}

export interface AttachEvent extends Common {
  readonly kind: 'attach' | 'detach'
  /** The buffer of the attachment. */
  readonly buffer: BufferId
  /** The attachment; ids are unique in a run. */
  readonly attachment: number
  /** The device it was made for. */
  readonly device: string
}
/** Who asked an exporter to map or to unmap: dma_buf_map_attachment, and dma_buf_unmap_attachment. */
export interface ImporterCall {
  /** The importer. */
  readonly driver: DriverName
  /** As the importer said it; the exporter may have mapped otherwise. */
  readonly direction: DmaDirection
  /** The importer's line. */
  readonly origin?: EventOrigin | undefined
}
/**
 * dma_buf_move_notify has reached a dynamic importer: mappings through the attachment must not be used any
 * more.
 */
export interface MoveNotifyEvent extends Common {
  readonly kind: 'move-notify'
  /** The buffer that moves. */
  readonly buffer: BufferId
  /** The importer's attachment. */
  readonly attachment: number
  /** The importer's device. */
  readonly device: string
}
/** Memory was mapped for a device, or unmapped: the device may reach it in between. */
export interface DmaMapEvent extends Common {
  readonly kind: 'dma-map' | 'dma-unmap'
  /** The buffer that it maps. */
  readonly buffer: BufferId
  /** The attachment it was made for; undefined for a mapping that a driver made for itself. */
  readonly attachment: number | undefined
  /** The mapping; ids are unique in a run. */
  readonly mapping: number
  /** The device that can use it. */
  readonly device: string
  /** How the device may use it. */
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
  /** Who may use the memory from here on. */
  readonly to: 'cpu' | 'device'
  /** The buffer behind the mapping. */
  readonly buffer: BufferId
  /** The mapping that is synced. */
  readonly mapping: number
  /** The device of the mapping. */
  readonly device: string
  /** As the call passed it; the mapping may have another. */
  readonly direction: DmaDirection
  /** The synced bytes of the buffer. */
  readonly range: Range
  /** Who made the call. */
  readonly driver?: DriverName | undefined
}
/** The DMA layer copied bytes between a buffer and the bounce copy of one mapping. */
export interface BounceCopyEvent extends Common {
  readonly kind: 'bounce-copy'
  /** Where the bytes were copied to. */
  readonly to: 'bounce' | 'original'
  /** The buffer behind the mapping. */
  readonly buffer: BufferId
  /** The mapping that owns the copy. */
  readonly mapping: number
  /** The device of the mapping. */
  readonly device: string
  /** The copied bytes of the buffer. */
  readonly range: Range
}

/** The kernel's own checks would warn. The call goes on as it would there. */
export interface MisuseEvent extends Common {
  readonly kind: 'misuse'
  /** Which check failed. */
  readonly code: MisuseCode
  /** The kernel's name of the call or the operation: `dma_unmap_sgtable`, `map_dma_buf`. */
  readonly operation: string
  /** Who broke the contract. */
  readonly driver: DriverName
  /** The device that it is about. */
  readonly device?: string | undefined
  /** The buffer that it is about. */
  readonly buffer?: BufferId | undefined
  /** The bytes of the buffer that it is about. */
  readonly range?: Range | undefined
  /** The mapping that it is about. */
  readonly mapping?: number | undefined
  /** The mismatch, with the values: `map size=4096 bytes, unmap size=8192 bytes`. */
  readonly text: string
  /** The earlier event that it contradicts. */
  readonly against?: EventId | undefined
}

/** DMA_BUF_IOCTL_SYNC reached the kernel and came back with `result`. */
export interface AccessEdgeEvent extends Common {
  readonly kind: 'cpu-access-begin' | 'cpu-access-end'
  /** The buffer that the descriptor names. */
  readonly buffer: BufferId
  /** Its read and write flags. */
  readonly access: CpuAccess
  /** Zero, or a negative errno. */
  readonly result: number
  /** The devices whose mappings were synced by it; none: the call moved no data. */
  readonly synced: readonly string[]
}

export interface CpuMapEvent extends Common {
  readonly kind: 'cpu-map' | 'cpu-unmap'
  /** The buffer that is mapped. */
  readonly buffer: BufferId
  /** The user mapping; ids are unique in a run. */
  readonly mapping: number
  /** The mapped bytes of the buffer. */
  readonly range: Range
  /** How the CPU caches loads and stores through it. */
  readonly attribute: MappedAttribute
  /** Whether it has PROT_WRITE. */
  readonly writable: boolean
  /** Where these bytes lie; nowhere between unmap_mapping_range and the next access. */
  readonly placement?: readonly Placement[] | undefined
  /** Whether mremap may make it longer: the exporter did not forbid it (VM_DONTEXPAND). */
  readonly expandable?: boolean | undefined
  /** MAP_PRIVATE: a store makes a copy of its page for the process alone. */
  readonly isPrivate?: boolean | undefined
  /** The exporter keeps it coherent by faults and unmap_mapping_range: CPU accesses do not govern it. */
  readonly coherence?: 'fault' | undefined
}
/** Pages of a mapping got page table entries by a fault, or lost them to unmap_mapping_range. */
export interface PageTableEvent extends Common {
  readonly kind: 'cpu-fault' | 'cpu-zap'
  /** The buffer that is mapped. */
  readonly buffer: BufferId
  /** The user mapping. */
  readonly mapping: number
  /** Whole pages, as bytes of the buffer. */
  readonly range: Range
}
/**
 * The process used its private copy of pages that it has mapped MAP_PRIVATE. The first store to a page makes
 * the copy. No device and no other mapping sees it, and it does not see their stores.
 */
export interface PrivateAccessEvent extends Common {
  readonly kind: 'private-load' | 'private-store'
  /** The buffer that was mapped. */
  readonly buffer: BufferId
  /** The private mapping. */
  readonly mapping: number
  /** The bytes that were used. */
  readonly range: Range
}
/** Bytes of a mapping were handed out as an array. Its loads are never seen, its stores afterwards. */
export interface CpuViewEvent extends Common {
  readonly kind: 'cpu-view'
  /** The buffer that the array shows. */
  readonly buffer: BufferId
  /** The mapping that the array is in. */
  readonly mapping: number
  /** The bytes of the buffer that it shows. */
  readonly range: Range
  /** Whether the array ends with the CPU access it was taken in (`bracket`) or with the mapping. */
  readonly scope: 'bracket' | 'mapping'
  /** It was handed out before, and a START for reading makes it show the bytes again. */
  readonly kept?: boolean | undefined
  /** The bytes that a read of the whole range could get wrong at this moment. */
  readonly hazards: readonly Hazard[]
}
export interface CpuAccessEvent extends Common {
  readonly kind: 'cpu-load' | 'cpu-store'
  /** The buffer that was used. */
  readonly buffer: BufferId
  /** The mapping that was used; absent for a kernel mapping and for read and write. */
  readonly mapping: number | undefined
  /** The bytes that were used. */
  readonly range: Range
  /** `exact`: seen as it happened; `reconciled`: found afterwards, between `since` and this event. */
  readonly seen: 'exact' | 'reconciled'
  /** Of a reconciled one: the last event before which it had not happened. */
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
  /** Joins the two kinds. */
  readonly job: number
  /** The device that works. */
  readonly device: string
  /** How it uses the range. */
  readonly access: 'read' | 'write'
  /** The buffer that it works on. */
  readonly buffer: BufferId
  /** The bytes that the job may use. */
  readonly range: Range
  /** The mapping that it goes through. */
  readonly mapping: number | undefined
}
export interface DeviceAccessEvent extends Common {
  readonly kind: 'device-load' | 'device-store'
  /** The job that it is part of; absent for an access outside of a job. */
  readonly job: number | undefined
  /** The device that loads or stores. */
  readonly device: string
  /** The buffer that was used. */
  readonly buffer: BufferId
  /** The bytes that were used. */
  readonly range: Range
  /** Whether the bus looked into the CPU caches. */
  readonly snooped: boolean
  /** Parts of the range that it may get wrong. */
  readonly hazards: readonly Hazard[]
  /** The mapping that the device went through. */
  readonly mapping?: number | undefined
  /** All or part of the range is a bounce copy of the mapping. */
  readonly bounced?: boolean | undefined
}
/** An IOMMU, or an empty bus, refused a device's access: nothing was read or written. */
export interface DeviceFaultEvent extends Common {
  readonly kind: 'device-fault'
  /** The job that it is part of. */
  readonly job: number | undefined
  /** The device that tried. */
  readonly device: string
  /** The use that it attempted. */
  readonly access: 'read' | 'write'
  /** The buffer that it meant. */
  readonly buffer: BufferId
  /** The mapping that it meant; absent if it is gone. */
  readonly mapping: number | undefined
  /** The bytes that it meant. */
  readonly range: Range
  /** The DMA address of its first byte. */
  readonly address: number
  /** Why the address is not valid for it. */
  readonly reason: 'unmapped' | 'out-of-range' | 'read-only' | 'write-only'
}
/** The DMA layer changed cache lines for `device`; `bytes` were cleaned or invalidated on this board. */
export interface MaintenanceEvent extends Common {
  readonly kind: 'maintenance'
  /** Clean writes dirty lines to memory; invalidate drops lines. */
  readonly op: CacheOp
  /** The buffer whose lines they are. */
  readonly buffer: BufferId
  /** The bytes whose lines were changed. */
  readonly range: Range
  /** The device it was done for. */
  readonly device: string
  /** Bytes of cache lines; 0 on a board where this device snoops. */
  readonly bytes: number
}

/** A driver's queue took a buffer or returned it: in between it belongs to the driver. */
export interface QueueEvent extends Common {
  readonly kind: 'queue' | 'dequeue'
  /** The device of the queue. */
  readonly device: string
  /** The buffer's index in the queue. */
  readonly index: number
  /** The buffer in this place. */
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
  /** The display. */
  readonly device: string
  /** Counts the pictures; a picture in several buffers is one event for each. */
  readonly picture: number
  /** A buffer of the picture. */
  readonly buffer: BufferId
  /** The bytes of the buffer that it shows. */
  readonly range: Range
}
/** A PRIME handle begins to stand for a buffer, or ends. */
export interface HandleEvent extends Common {
  readonly kind: 'handle-open' | 'handle-close'
  /** The open DRM file that the handle belongs to. */
  readonly file: number
  /** The GEM handle. */
  readonly handle: number
  /** The buffer behind the handle; absent if it has none. */
  readonly buffer: BufferId | undefined
  /** For `handle-open`: false when the import returned a handle that was already open. */
  readonly fresh: boolean
  /** Zero, or a negative errno. */
  readonly result: number
}

/** The program's default export settled (`returned`, `threw`), or the run was ended for it. */
export interface ProgramEndEvent extends Common {
  readonly kind: 'program-end'
  /** Whether it settled, or the run was ended. */
  readonly how: 'returned' | 'threw' | 'stopped'
  /** The message of the thrown error. */
  readonly error?: string | undefined
  /** The error is a use of bytes whose CPU access or mapping had ended. */
  readonly usesEnded?: boolean | undefined
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
  | PageTableEvent
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
