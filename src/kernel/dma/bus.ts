/**
 * The result of an address that a device puts on the bus: memory, or a fault.
 *
 * Behind an IOMMU the device's own table translates the address, page by page. Without one it is
 * physical, and reaches the current owner of these frames; where there are none, the access faults.
 */

import { PAGE_SIZE } from '../../abi/fcntl.ts'
import type { DeviceFaultEvent } from '../../events/event.ts'
import type { Machine } from '../../machine/machine.ts'
import type { Storage } from '../../machine/storage.ts'
import type { DeviceParameters } from './device-parameters.ts'
import { permits, translate } from './iommu/domain.ts'
import type { IommuMap } from './iommu/iommu-map.ts'
import type { LiveMappings } from './live-mappings.ts'
import type { DmaMapping } from './mapping.ts'

/** Bytes of an access that meet memory, in one storage. */
export interface Met {
  readonly address: number
  readonly length: number
  readonly storage: Storage
  readonly offset: number
  /** The mapping that the device has for it, which may be dead. */
  readonly mapping: DmaMapping | undefined
}

/** Bytes of an access that are refused, or that lie at no memory. */
export interface Missed {
  readonly address: number
  readonly length: number
  readonly fault: DeviceFaultEvent['reason']
  /** The mapping that the IOMMU knows the address by. */
  readonly mapping: DmaMapping | undefined
}

export class Bus {
  readonly #machine: Machine
  readonly #devices: DeviceParameters
  readonly #iommu: IommuMap
  readonly #live: LiveMappings

  constructor(
    machine: Machine,
    parts: { devices: DeviceParameters; iommu: IommuMap; live: LiveMappings },
  ) {
    this.#machine = machine
    this.#devices = parts.devices
    this.#iommu = parts.iommu
    this.#live = parts.live
  }

  /** The targets of `length` bytes from `address` on, in order. */
  access(
    device: string,
    address: number,
    length: number,
    access: 'read' | 'write',
  ): (Met | Missed)[] {
    const parts: (Met | Missed)[] = []
    for (let done = 0; done < length; ) {
      const left = length - done
      const part = this.#devices.usesIommu(device)
        ? this.#translated(device, address + done, left, access)
        : this.#physical(device, address + done, left)
      joinPart(parts, part)
      done += part.length
    }
    return parts
  }

  #translated(
    device: string,
    address: number,
    left: number,
    access: 'read' | 'write',
  ): Met | Missed {
    const entry = this.#iommu.domain(device).at(address)
    const length = Math.min(left, toPageEnd(address))
    if (entry === undefined) return { address, length, fault: 'unmapped', mapping: undefined }
    const mapping = this.#live.behind(entry)
    const found = translate(entry, address)
    if (found === undefined) return { address, length, fault: 'unmapped', mapping }
    if (!permits(entry, access)) {
      const fault = access === 'read' ? 'write-only' : 'read-only'
      return { address, length, fault, mapping }
    }
    const frame = this.#machine.ram.at(found.physical)
    if (frame === undefined) return { address, length, fault: 'unmapped', mapping }
    const { storage, offset } = frame
    const all = Math.min(left, found.length, frame.length)
    return { address, length: all, storage, offset, mapping }
  }

  #physical(device: string, address: number, left: number): Met | Missed {
    const frame = address < this.#devices.reach(device) ? this.#machine.ram.at(address) : undefined
    if (frame === undefined) {
      const length = Math.min(left, toPageEnd(address))
      return { address, length, fault: 'unmapped', mapping: undefined }
    }
    const { storage, offset } = frame
    const mapping = this.#live.reaching(device, storage, offset)
    return { address, length: Math.min(left, frame.length), storage, offset, mapping }
  }
}

function toPageEnd(address: number): number {
  return PAGE_SIZE - (address % PAGE_SIZE)
}

/** Adds a part, to the last one where both are of one kind and follow each other. */
function joinPart(parts: (Met | Missed)[], part: Met | Missed): void {
  const last = parts.at(-1)
  if (last !== undefined && goesOn(last, part)) {
    parts[parts.length - 1] = { ...last, length: last.length + part.length }
  } else {
    parts.push(part)
  }
}

function goesOn(last: Met | Missed, part: Met | Missed): boolean {
  if (last.mapping !== part.mapping) return false
  if ('fault' in last || 'fault' in part) {
    return 'fault' in last && 'fault' in part && last.fault === part.fault
  }
  return last.storage === part.storage && last.offset + last.length === part.offset
}
