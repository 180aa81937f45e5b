/**
 * Makes and ends mappings: within the device's reach, linked to their bounce copies, handed over,
 * emitted and checked by DMA-API debugging, in this order; and the same backwards.
 */
import type { DmaDirection, Range } from '../../events/event.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import type { Machine } from '../../machine/machine.ts'
import { linkCopy, unlinkCopy } from './bounce/bounce-copy.ts'
import type { BouncePool } from './bounce/bounce-pool.ts'
import type { Caller, DmaDebug } from './debug/dma-debug.ts'
import type { DeviceParameters } from './device-parameters.ts'
import { AddressOverflow, DirectMap, directly } from './direct-map.ts'
import { IommuMap } from './iommu/iommu-map.ts'
import type { KernelMemory } from './kernel-memory.ts'
import { LiveMappings } from './live-mappings.ts'
import { DmaMapping, type MappedAs, type MappingInit, type Reached } from './mapping.ts'
import { emitMap } from './mapping-events.ts'
import type { Ownership } from './ownership.ts'
import { clamp, sizeOfEntries } from './ranges.ts'
import type { MapRequest } from './requests.ts'

/** An unmap as its caller says it. */
export interface EndCall {
  readonly as: MappedAs
  readonly direction: DmaDirection
  readonly size: number
  readonly entries: number
  readonly skipCpuSync: boolean
  readonly sameCpuAddress: boolean
}

export interface MapperParts {
  readonly devices: DeviceParameters
  readonly ownership: Ownership
  readonly debug: DmaDebug
}

export class Mapper {
  readonly live: LiveMappings = new LiveMappings()
  readonly iommu: IommuMap
  readonly #machine: Machine
  readonly #parts: MapperParts
  readonly #direct: DirectMap
  readonly #made = new WeakSet<object>()
  #mappings = 0

  constructor(machine: Machine, parts: MapperParts) {
    this.#machine = machine
    this.#parts = parts
    this.#direct = new DirectMap(machine, parts.devices)
    this.iommu = new IommuMap(machine, parts.devices)
  }

  get pool(): BouncePool | undefined {
    return this.#direct.pool
  }

  /** The longest single mapping that is never refused for its length. */
  longest(device: string): number {
    const { devices } = this.#parts
    return devices.usesIommu(device) ? Number.POSITIVE_INFINITY : this.#direct.longest(device)
  }

  isMapping(value: unknown): value is DmaMapping {
    return typeof value === 'object' && value !== null && this.#made.has(value)
  }

  init(as: MappedAs, request: MapRequest): MappingInit {
    const { device, table, direction, skipCpuSync = false, buffer, offset = 0 } = request
    const { driver, attachment } = request
    const id = ++this.#mappings
    return { id, as, device, table, direction, skipCpuSync, buffer, offset, driver, attachment }
  }

  /** EIO, ENOMEM: nothing is mapped then. `memory`: the driver's memory of a single mapping. */
  make(init: MappingInit, operation: string, memory?: KernelMemory): DmaMapping {
    return this.#finish(init, this.#reach(init, operation), operation, memory)
  }

  /** A mapping that could not be made. */
  failed(init: MappingInit): DmaMapping {
    const mapping = new DmaMapping(init)
    this.#made.add(mapping)
    return mapping
  }

  /**
   * Ends a mapping with its caller's arguments, or repeats the work on the hardware for an ended
   * one.
   */
  end(mapping: DmaMapping, caller: Caller, call: EndCall): void {
    this.#parts.debug.unmapping(mapping, call, caller)
    if (mapping.failed) return
    if (!call.skipCpuSync) {
      this.#parts.ownership.forCpu(mapping, call.direction, unmappedRange(mapping, call))
    }
    if (!mapping.live) return
    mapping.live = false
    const { bounce, iommu } = mapping
    if (bounce !== undefined) {
      unlinkCopy(this.#machine, bounce)
      this.#direct.release(bounce)
    }
    if (iommu !== undefined) this.iommu.release(mapping.device, iommu)
    this.live.delete(mapping)
    const { direction, skipCpuSync } = call
    emitMap(this.#machine, 'dma-unmap', mapping, { direction, skipCpuSync })
  }

  #reach(init: MappingInit, operation: string): Reached {
    const { device, table, direction, driver, buffer } = init
    const caller = { operation, driver, device }
    if (this.#parts.devices.of(device).mask === 'none') {
      const text = `device ${device} has no DMA mask`
      this.#parts.debug.refused(caller, { code: 'mask-unset', text }, buffer)
      throw new KernelError('EIO', text)
    }
    if (this.#parts.devices.usesIommu(device)) return this.iommu.reach(device, table, direction)
    if (init.as === 'coherent' || init.as === 'noncoherent') return directly(table)
    try {
      return this.#direct.reach(device, table)
    } catch (error) {
      if (error instanceof AddressOverflow) {
        this.#parts.debug.refused(caller, { code: 'address-overflow', text: error.why }, buffer)
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
    this.#parts.ownership.atMap(mapping)
    this.live.add(mapping)
    mapping.mapped = emitMap(this.#machine, 'dma-map', mapping)
    this.#parts.debug.mapped(mapping, operation, memory)
    return mapping
  }
}

/** The range that an unmap takes back: less than was mapped if its caller passes less. */
function unmappedRange(mapping: DmaMapping, { as, size, entries }: EndCall): Range {
  const isList = mapping.as === 'sg'
  if (isList && as !== 'sg') return { start: 0, end: sizeOfEntries(mapping, 1) }
  const listed = isList ? sizeOfEntries(mapping, entries) : mapping.size
  return clamp({ start: 0, end: size }, listed)
}
