/**
 * The DMA layer: making memory reachable for devices, and who owns it, the CPU or a device.
 *
 * Map and `syncForDevice` hand memory to the device, unmap and `syncForCpu` take it back. None sleeps.
 * What a call does to lines and bounce copies is told before the call itself; what DMA-API debugging
 * would print is told as misuse, and the call goes on as it would there.
 * Source: kernel Documentation/core-api/dma-api.rst and kernel/dma/mapping.c of Linux 6.12.
 */
import type { DmaDirection, EventId, Hazard, Range } from '../events/event.ts'
import { assert, KernelError } from '../machine/kernel-error.ts'
import type { Machine } from '../machine/machine.ts'
import { linkCopy, unlinkCopy } from './bounce/bounce-copy.ts'
import { Bus } from './bus.ts'
import { type Caller, DmaDebug, refusalOf } from './debug/dma-debug.ts'
import { DeviceAccess } from './device-access.ts'
import { DeviceParameters } from './device-parameters.ts'
import { AddressOverflow, DirectMap, directly } from './direct-map.ts'
import { coherentMemory, noncoherentMemory } from './dma-memory.ts'
import { IommuMap } from './iommu/iommu-map.ts'
import type { KernelMemory } from './kernel-memory.ts'
import { LiveMappings } from './live-mappings.ts'
import { DmaMapping, type MappedAs, type MappingInit, type Reached } from './mapping.ts'
import { emitMap, emitSync } from './mapping-events.ts'
import { Ownership, wholeOf } from './ownership.ts'
import type {
  CoherentRequest,
  DmaMemory,
  FreeOptions,
  MapRequest,
  NoncoherentRequest,
  SingleRequest,
  SyncOptions,
  UnmapOptions,
  UnmappedSync,
} from './requests.ts'
import { requireSound } from './sg-table.ts'

export type { MapRequest } from './requests.ts'

const DIRECTIONS: readonly unknown[] = ['to-device', 'from-device', 'bidirectional']
const UNMAPS: Readonly<Record<MappedAs, string>> = {
  single: 'dma_unmap_single',
  sg: 'dma_unmap_sgtable',
  coherent: 'dma_free_coherent',
  noncoherent: 'dma_free_noncoherent',
}

export class DmaLayer {
  /** Masks and limits of devices. */
  readonly devices: DeviceParameters
  /** Loads and stores of devices, with their events. */
  readonly access: DeviceAccess
  readonly #machine: Machine
  readonly #direct: DirectMap
  readonly #iommu: IommuMap
  readonly #ownership: Ownership
  readonly #debug: DmaDebug
  readonly #live = new LiveMappings()
  readonly #made = new WeakSet<object>()
  readonly #synced = new Map<number, Set<string>>()
  #mappings = 0

  constructor(machine: Machine) {
    this.#machine = machine
    this.devices = new DeviceParameters(machine.board)
    this.#direct = new DirectMap(machine, this.devices)
    this.#iommu = new IommuMap(machine, this.devices)
    this.#ownership = new Ownership(machine)
    this.#debug = new DmaDebug(machine, this.devices)
    const parts = { devices: this.devices, iommu: this.#iommu, live: this.#live }
    this.access = new DeviceAccess(machine, new Bus(machine, parts), this.#live)
  }

  // --- mapping ---------------------------------------------------------------------------------

  /**
   * dma_map_sgtable: the device owns the memory afterwards. EINVAL for a table that is not what it
   * says; EIO where the device does not reach the memory and bouncing does not help; ENOMEM where its
   * IOMMU has no addresses left. Nothing is mapped then.
   */
  map(request: MapRequest): DmaMapping {
    const operation = 'dma_map_sgtable'
    requireDirection(operation, request.direction)
    this.#machine.faults.pass(operation)
    requireSound(request.table)
    const init = this.#init('sg', request)
    return this.#finish(init, this.#reach(init, operation), operation)
  }

  /**
   * dma_map_single: memory of a driver's own. Ask `mappingError` about what comes back: it may have
   * failed.
   */
  mapSingle(request: SingleRequest): DmaMapping {
    return this.#mapOne(request, 'dma_map_single')
  }

  /** dma_map_page: the same by page and offset. */
  mapPage(request: SingleRequest): DmaMapping {
    return this.#mapOne(request, 'dma_map_page')
  }

  /** dma_mapping_error: whether a single mapping could not be made. */
  mappingError(mapping: DmaMapping): boolean {
    mapping.errorChecked = true
    return mapping.failed
  }

  /** Whether `value` is a mapping that this layer made. */
  isMapping(value: unknown): value is DmaMapping {
    return typeof value === 'object' && value !== null && this.#made.has(value)
  }

  /** dma_unmap_sgtable, dma_unmap_single: the CPU owns the memory afterwards. */
  unmap(mapping: DmaMapping, options: UnmapOptions = {}): void {
    const { as = mapping.as, direction = mapping.direction, driver = mapping.driver } = options
    const { size = mapping.size, skipCpuSync = mapping.skipCpuSync } = options
    const { entries = mapping.table.segments.length } = options
    requireDirection(UNMAPS[as], direction)
    const caller = { operation: UNMAPS[as], driver, device: mapping.device }
    this.#end(mapping, caller, { as, direction, size, entries, skipCpuSync, sameCpuAddress: true })
  }

  // --- syncing ---------------------------------------------------------------------------------

  /** dma_sync_sgtable_for_device; with a range of the mapping, dma_sync_single_range_for_device. */
  syncForDevice(
    mapping: DmaMapping,
    direction: DmaDirection,
    range?: Range,
    options: SyncOptions = {},
  ): void {
    this.#sync('device', mapping, direction, { ...options, range })
  }

  /** dma_sync_sgtable_for_cpu; with a range of the mapping, dma_sync_single_range_for_cpu. */
  syncForCpu(
    mapping: DmaMapping,
    direction: DmaDirection,
    range?: Range,
    options: SyncOptions = {},
  ): void {
    this.#sync('cpu', mapping, direction, { ...options, range })
  }

  /** A sync of a list that was never mapped: works on address 0, where nothing of it is. */
  syncUnmapped({ to, device, buffer, size, driver }: UnmappedSync): void {
    const operation = to === 'cpu' ? 'dma_sync_sgtable_for_cpu' : 'dma_sync_sgtable_for_device'
    const text = `tries to sync DMA memory it has not allocated [device address=0x0] [size=${size} bytes]`
    const range = { start: 0, end: size }
    this.#debug.refused(
      { operation, driver, device },
      { code: 'sync-unknown', text, range },
      buffer,
    )
  }

  /** The devices that mappings of the buffer were synced for since this was last asked. */
  takeSynced(buffer: number): string[] {
    const devices = [...(this.#synced.get(buffer) ?? [])]
    this.#synced.delete(buffer)
    return devices
  }

  // --- memory that is allocated for a device ------------------------------------------------------

  /** dma_alloc_coherent, or dma_alloc_wc: zeroed, in one piece, within the device's mask. ENOMEM. */
  allocCoherent(request: CoherentRequest): DmaMemory {
    const memory = coherentMemory(this.#machine, this.devices, request)
    return this.#mapAllocated('coherent', request.device, memory, 'bidirectional')
  }

  /** dma_alloc_noncoherent: the same for the CPU's cache, to be synced like a streaming mapping. ENOMEM. */
  allocNoncoherent(request: NoncoherentRequest): DmaMemory {
    const memory = noncoherentMemory(this.#machine, this.devices, request)
    return this.#mapAllocated('noncoherent', request.device, memory, request.direction)
  }

  /**
   * Maps memory that its caller allocated within `reachOf` the device and made coherent, as
   * dma_alloc_coherent would have: it is never bounced. ENOMEM where the IOMMU has no addresses left.
   */
  mapCoherent(request: Omit<MapRequest, 'skipCpuSync'>): DmaMapping {
    const operation = 'dma_alloc_coherent'
    requireSound(request.table)
    const init = this.#init('coherent', { ...request, skipCpuSync: true })
    return this.#finish(init, this.#reach(init, operation), operation)
  }

  /** dma_free_coherent, dma_free_noncoherent. */
  free({ memory, mapping }: DmaMemory, options: FreeOptions = {}): void {
    const { as = mapping.as, direction = mapping.direction, size = mapping.size } = options
    const driver = options.driver ?? mapping.driver
    const wasLive = mapping.live
    const caller = { operation: UNMAPS[as], driver, device: mapping.device }
    const entries = mapping.table.segments.length
    const sameCpuAddress = (options.memory ?? memory) === memory
    const call = { as, direction, size, entries, skipCpuSync: true, sameCpuAddress }
    this.#end(mapping, caller, call)
    if (wasLive) memory.free()
  }

  // --- devices -----------------------------------------------------------------------------------

  /** The device's driver is unbound: mappings that it left are told of. They stay. */
  removeDevice(device: string): void {
    this.#debug.unbound(device, this.#live.of(device))
    this.devices.forget(device)
  }

  /** Below which address memory must lie to be coherent for the device; undefined: anywhere. */
  reachOf(device: string): number | undefined {
    return this.devices.usesIommu(device) ? undefined : this.devices.reach(device)
  }

  /** dma_max_mapping_size: the longest single mapping that is sure not to be refused for its length. */
  maxMappingSize(device: string): number {
    return this.devices.usesIommu(device) ? Number.POSITIVE_INFINITY : this.#direct.longest(device)
  }

  /** The device's live mappings, oldest first. */
  mappingsOf(device: string): readonly DmaMapping[] {
    return [...this.#live.of(device)]
  }

  /** Slots of the bounce pool, and how many of them are held; undefined without a pool. */
  get bouncePool(): { readonly total: number; readonly used: number } | undefined {
    return this.#direct.pool
  }

  /** Moves bytes to a device without an event. Returns what may be wrong with them, by the buffer. */
  deviceLoad(mapping: DmaMapping, offset: number, target: Uint8Array): Hazard[] {
    return this.access.read(mapping, offset, target)
  }

  /** Moves a device's bytes as the event `writer`, which the caller emitted. */
  deviceStore(mapping: DmaMapping, offset: number, source: Uint8Array, writer: EventId): void {
    this.access.write(mapping, offset, source, writer)
  }

  /** The device reads from a DMA address on, through whatever it has mapped there: with events. */
  busLoad(device: string, address: number, target: Uint8Array, job?: number): void {
    this.access.busLoad(device, address, target, job)
  }

  /** The device writes to a DMA address and on. */
  busStore(device: string, address: number, source: Uint8Array, job?: number): void {
    this.access.busStore(device, address, source, job)
  }

  /** Finds stores behind views of the mapping's memory: before an event tells of a device's access. */
  reconcile(mapping: DmaMapping, start: number, end: number): void {
    this.access.reconcile(mapping, start, end)
  }

  // --- how ---------------------------------------------------------------------------------------

  #init(as: MappedAs, request: MapRequest): MappingInit {
    const { device, table, direction, skipCpuSync = false, buffer, offset = 0 } = request
    const { driver, attachment } = request
    const id = ++this.#mappings
    return { id, as, device, table, direction, skipCpuSync, buffer, offset, driver, attachment }
  }

  #reach(init: MappingInit, operation: string): Reached {
    const { device, table, direction, driver, buffer } = init
    const caller = { operation, driver, device }
    if (this.devices.of(device).mask === 'none') {
      const text = `device ${device} has no DMA mask`
      this.#debug.refused(caller, { code: 'mask-unset', text }, buffer)
      throw new KernelError('EIO', text)
    }
    if (this.devices.usesIommu(device)) return this.#iommu.reach(device, table, direction)
    if (init.as === 'coherent' || init.as === 'noncoherent') return directly(table)
    try {
      return this.#direct.reach(device, table)
    } catch (error) {
      if (error instanceof AddressOverflow) {
        this.#debug.refused(caller, { code: 'address-overflow', text: error.why }, buffer)
      }
      throw error
    }
  }

  #finish(
    init: MappingInit,
    reached: Reached,
    operation: string,
    memory?: KernelMemory,
  ): DmaMapping {
    const mapping = new DmaMapping(init, reached)
    this.#made.add(mapping)
    this.#machine.cost.mappings++
    if (mapping.bounce !== undefined) linkCopy(this.#machine, mapping.bounce)
    this.#ownership.atMap(mapping)
    this.#live.add(mapping)
    mapping.mapped = emitMap(this.#machine, 'dma-map', mapping)
    this.#debug.mapped(mapping, operation, memory)
    return mapping
  }

  #mapOne(request: SingleRequest, operation: string): DmaMapping {
    requireDirection(operation, request.direction)
    const { memory, device, offset = 0, direction, skipCpuSync } = request
    const { size = memory.size - offset, driver = memory.driver } = request
    const isWithin = offset >= 0 && size > 0 && offset + size <= memory.size
    const refusal = refusalOf(memory.kind, isWithin, size)
    const table = isWithin ? memory.part(offset, size) : { segments: [], runs: [], size }
    const what = { device, direction, skipCpuSync, buffer: memory.id, offset, driver }
    const init = this.#init('single', { ...what, table })
    if (refusal !== undefined)
      this.#debug.refused({ operation, driver, device }, refusal, memory.id)
    else if (this.#machine.faults.next('dma_map_page') === undefined) {
      try {
        return this.#finish(init, this.#reach(init, operation), operation, memory)
      } catch (error) {
        if (!(error instanceof KernelError)) throw error
      }
    }
    const failed = new DmaMapping(init)
    this.#made.add(failed)
    return failed
  }

  #mapAllocated(
    as: 'coherent' | 'noncoherent',
    device: string,
    memory: KernelMemory,
    direction: DmaDirection,
  ): DmaMemory {
    const { table, id: buffer, driver } = memory
    const init = this.#init(as, { device, table, direction, skipCpuSync: true, buffer, driver })
    const operation = as === 'coherent' ? 'dma_alloc_coherent' : 'dma_alloc_noncoherent'
    try {
      return { memory, mapping: this.#finish(init, this.#reach(init, operation), operation) }
    } catch (error) {
      memory.free()
      throw error
    }
  }

  #end(mapping: DmaMapping, caller: Caller, call: EndCall): void {
    this.#debug.unmapping(mapping, call, caller)
    if (mapping.failed) return
    if (!call.skipCpuSync) {
      this.#ownership.forCpu(mapping, call.direction, unmappedRange(mapping, call))
    }
    if (!mapping.live) return
    mapping.live = false
    const { bounce, iommu } = mapping
    if (bounce !== undefined) {
      unlinkCopy(this.#machine, bounce)
      this.#direct.release(bounce)
    }
    if (iommu !== undefined) this.#iommu.release(mapping.device, iommu)
    this.#live.delete(mapping)
    const { direction, skipCpuSync } = call
    emitMap(this.#machine, 'dma-unmap', mapping, { direction, skipCpuSync })
  }

  #sync(
    to: 'cpu' | 'device',
    mapping: DmaMapping,
    direction: DmaDirection,
    options: SyncOptions & { range?: Range | undefined },
  ): void {
    const { driver = mapping.driver, entries } = options
    const isList = mapping.as === 'sg' && options.range === undefined
    const operation = `dma_sync_${isList ? 'sgtable' : 'single'}_for_${to}`
    requireDirection(operation, direction)
    const range = options.range ?? wholeOf(mapping)
    const counted = isList ? (entries ?? mapping.table.segments.length) : undefined
    const call = { to, direction, range, entries: counted }
    this.#debug.syncing(mapping, call, { operation, driver, device: mapping.device })
    if (mapping.failed) return
    const within = clamp(range, counted === undefined ? mapping.size : sizeOf(mapping, counted))
    if (to === 'cpu') this.#ownership.forCpu(mapping, direction, within)
    else this.#ownership.forDevice(mapping, direction, within)
    if (mapping.live) this.#note(mapping)
    emitSync(this.#machine, mapping, { to, direction, range: within, driver })
  }

  #note({ buffer, device }: DmaMapping): void {
    const synced = this.#synced.get(buffer)
    if (synced === undefined) this.#synced.set(buffer, new Set([device]))
    else synced.add(device)
  }
}

interface EndCall {
  readonly as: MappedAs
  readonly direction: DmaDirection
  readonly size: number
  readonly entries: number
  readonly skipCpuSync: boolean
  readonly sameCpuAddress: boolean
}

function requireDirection(operation: string, direction: unknown): void {
  assert(
    DIRECTIONS.includes(direction),
    `${operation}: the direction is to-device, from-device or bidirectional, not ${String(direction)}`,
  )
}

/** What an unmap takes back: less than was mapped when its caller says so. */
function unmappedRange(mapping: DmaMapping, { as, size, entries }: EndCall): Range {
  const isList = mapping.as === 'sg'
  if (isList && as !== 'sg') return { start: 0, end: sizeOf(mapping, 1) }
  const listed = isList ? sizeOf(mapping, entries) : mapping.size
  return clamp({ start: 0, end: size }, listed)
}

/** The bytes in the first `entries` of the list. */
function sizeOf({ table, size }: DmaMapping, entries: number): number {
  if (entries >= table.segments.length) return size
  return table.segments.slice(0, Math.max(0, entries)).reduce((sum, { length }) => sum + length, 0)
}

function clamp({ start, end }: Range, size: number): Range {
  const from = Math.min(Math.max(0, start), size)
  return { start: from, end: Math.min(Math.max(from, end), size) }
}
