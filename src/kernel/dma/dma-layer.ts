/**
 * The DMA layer: makes memory reachable for devices, and tracks its owner, the CPU or a device.
 *
 * Map and `syncForDevice` hand memory to the device, unmap and `syncForCpu` take it back. All are
 * synchronous. The effects of a call on lines and bounce copies are emitted before the call itself;
 * messages of DMA-API debugging are emitted as misuse, and the call goes on as it would there.
 * Source: kernel Documentation/core-api/dma-api.rst and kernel/dma/mapping.c of Linux 6.12.
 */
import type { DmaDirection, EventId, Hazard, Range } from '../../events/event.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import type { Machine } from '../../machine/machine.ts'
import { Bus } from './bus.ts'
import { DmaDebug, refusalOf } from './debug/dma-debug.ts'
import { DeviceAccess } from './device-access.ts'
import { DeviceParameters } from './device-parameters.ts'
import { requireDirection } from './direction.ts'
import { coherentMemory, noncoherentMemory } from './dma-memory.ts'
import type { KernelMemory } from './kernel-memory.ts'
import { Mapper } from './mapper.ts'
import type { DmaMapping, MappedAs } from './mapping.ts'
import { Ownership } from './ownership.ts'
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
import { tableProblem } from './sg-table.ts'
import { Syncer } from './syncer.ts'

export type { MapRequest } from './requests.ts'

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
  readonly #mapper: Mapper
  readonly #syncer: Syncer
  readonly #debug: DmaDebug

  constructor(machine: Machine) {
    this.#machine = machine
    this.devices = new DeviceParameters(machine.board)
    this.#debug = new DmaDebug(machine, this.devices)
    const ownership = new Ownership(machine)
    this.#mapper = new Mapper(machine, { devices: this.devices, ownership, debug: this.#debug })
    this.#syncer = new Syncer(machine, ownership, this.#debug)
    const { live, iommu } = this.#mapper
    this.access = new DeviceAccess(
      machine,
      new Bus(machine, { devices: this.devices, iommu, live }),
      live,
    )
  }

  // --- mapping ---------------------------------------------------------------------------------

  /**
   * dma_map_sgtable: the device owns the memory afterwards. EINVAL for a table that contradicts
   * itself; EIO if the device does not reach the memory and bouncing does not help; ENOMEM if its
   * IOMMU has no addresses left. Nothing is mapped then.
   */
  map(request: MapRequest): DmaMapping {
    const operation = 'dma_map_sgtable'
    requireDirection(operation, request.direction)
    this.#machine.faults.pass(operation)
    this.#requireSound(request, operation)
    const init = this.#mapper.init('sg', request)
    return this.#mapper.make(init, operation)
  }

  /**
   * dma_map_single: a driver's own memory. Check the result with `mappingError`: it may have
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
    return this.#mapper.isMapping(value)
  }

  /** dma_unmap_sgtable, dma_unmap_single: the CPU owns the memory afterwards. */
  unmap(mapping: DmaMapping, options: UnmapOptions = {}): void {
    const { as = mapping.as, direction = mapping.direction, driver = mapping.driver } = options
    const { size = mapping.size, skipCpuSync = mapping.skipCpuSync } = options
    const { entries = mapping.table.segments.length } = options
    requireDirection(UNMAPS[as], direction)
    const caller = { operation: UNMAPS[as], driver, device: mapping.device }
    this.#mapper.end(mapping, caller, {
      as,
      direction,
      size,
      entries,
      skipCpuSync,
      sameCpuAddress: true,
    })
  }

  // --- syncing ---------------------------------------------------------------------------------

  /** dma_sync_sgtable_for_device; with a range of the mapping, dma_sync_single_range_for_device. */
  syncForDevice(
    mapping: DmaMapping,
    direction: DmaDirection,
    range?: Range,
    options: SyncOptions = {},
  ): void {
    this.#syncer.sync('device', mapping, direction, { ...options, range })
  }

  /** dma_sync_sgtable_for_device of several mappings, with nothing in between. */
  syncAllForDevice(mappings: readonly DmaMapping[], direction: DmaDirection): void {
    requireDirection('dma_sync_sgtable_for_device', direction)
    this.#syncer.syncAllForDevice(mappings, direction)
  }

  /** dma_sync_sgtable_for_cpu; with a range of the mapping, dma_sync_single_range_for_cpu. */
  syncForCpu(
    mapping: DmaMapping,
    direction: DmaDirection,
    range?: Range,
    options: SyncOptions = {},
  ): void {
    this.#syncer.sync('cpu', mapping, direction, { ...options, range })
  }

  /** A sync of a list that was never mapped: works on address 0, where nothing of it is. */
  syncUnmapped(request: UnmappedSync): void {
    this.#syncer.syncUnmapped(request)
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
    this.#machine.faults.pass(operation)
    this.#requireSound(request, operation)
    const init = this.#mapper.init('coherent', { ...request, skipCpuSync: true })
    return this.#mapper.make(init, operation)
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
    this.#mapper.end(mapping, caller, call)
    if (wasLive) memory.free()
  }

  // --- devices -----------------------------------------------------------------------------------

  /** The device's driver is unbound: mappings that it left are reported. They stay. */
  removeDevice(device: string): void {
    this.#debug.unbound(device, this.#mapper.live.of(device))
    this.devices.forget(device)
  }

  /** Below which address memory must lie to be coherent for the device; undefined: anywhere. */
  reachOf(device: string): number | undefined {
    return this.devices.usesIommu(device) ? undefined : this.devices.reach(device)
  }

  /** dma_max_mapping_size: the longest single mapping that is sure not to be refused for its length. */
  maxMappingSize(device: string): number {
    return this.#mapper.longest(device)
  }

  /** The device's live mappings, oldest first. */
  mappingsOf(device: string): readonly DmaMapping[] {
    return [...this.#mapper.live.of(device)]
  }

  /** Slots of the bounce pool, and how many of them are held; undefined without a pool. */
  get bouncePool(): { readonly total: number; readonly used: number } | undefined {
    return this.#mapper.pool
  }

  /** Moves bytes to a device without an event. Returns the hazards, relative to the buffer. */
  deviceLoad(mapping: DmaMapping, offset: number, target: Uint8Array): Hazard[] {
    return this.access.read(mapping, offset, target)
  }

  /** Moves a device's bytes as the event `writer`, which the caller emitted. */
  deviceStore(mapping: DmaMapping, offset: number, source: Uint8Array, writer: EventId): void {
    this.access.write(mapping, offset, source, writer)
  }

  /** The device reads from a DMA address on, through its mappings there: with events. */
  busLoad(device: string, address: number, target: Uint8Array, job?: number): void {
    this.access.busLoad(device, address, target, job)
  }

  /** The device writes to a DMA address and on. */
  busStore(device: string, address: number, source: Uint8Array, job?: number): void {
    this.access.busStore(device, address, source, job)
  }

  /** Finds stores behind views of the mapping's memory: before the event of a device's access. */
  reconcile(mapping: DmaMapping, start: number, end: number): void {
    this.access.reconcile(mapping, start, end)
  }

  // --- how ---------------------------------------------------------------------------------------

  /** EINVAL for a table that contradicts itself, or is empty. */
  #requireSound({ table, device, buffer, driver }: MapRequest, operation: string): void {
    const problem = tableProblem(table)
    if (problem !== undefined) {
      const text = `maps memory from invalid area: ${problem}`
      this.#debug.refused({ operation, driver, device }, { code: 'map-invalid-area', text }, buffer)
      throw new KernelError('EINVAL', problem)
    }
    if (table.size === 0) throw new KernelError('EINVAL', 'the table is empty')
  }

  #mapOne(request: SingleRequest, operation: string): DmaMapping {
    requireDirection(operation, request.direction)
    const { memory, device, offset = 0, direction, skipCpuSync } = request
    const { size = memory.size - offset, driver = memory.driver } = request
    const isWithin = offset >= 0 && size > 0 && offset + size <= memory.size
    memory.checkAlive(operation, driver)
    const refusal = refusalOf(memory.kind, isWithin, size)
    const table = isWithin ? memory.part(offset, size) : { segments: [], runs: [], size }
    const what = { device, direction, skipCpuSync, buffer: memory.id, offset, driver }
    const init = this.#mapper.init('single', { ...what, table })
    if (refusal !== undefined)
      this.#debug.refused({ operation, driver, device }, refusal, memory.id)
    else if (this.#machine.faults.next('dma_map_page') === undefined) {
      try {
        return this.#mapper.make(init, operation, memory)
      } catch (error) {
        if (!(error instanceof KernelError)) throw error
      }
    }
    return this.#mapper.failed(init)
  }

  #mapAllocated(
    as: 'coherent' | 'noncoherent',
    device: string,
    memory: KernelMemory,
    direction: DmaDirection,
  ): DmaMemory {
    const { table, id: buffer, driver } = memory
    const init = this.#mapper.init(as, {
      device,
      table,
      direction,
      skipCpuSync: true,
      buffer,
      driver,
    })
    const operation = as === 'coherent' ? 'dma_alloc_coherent' : 'dma_alloc_noncoherent'
    try {
      return { memory, mapping: this.#mapper.make(init, operation) }
    } catch (error) {
      memory.free()
      throw error
    }
  }
}
