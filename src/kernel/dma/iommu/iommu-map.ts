/** Mapping through the board's IOMMU: each device has its own address space. */
import type { DmaDirection } from '../../../events/event.ts'
import type { Machine } from '../../../machine/machine.ts'
import type { DeviceParameters } from '../device-parameters.ts'
import type { Reached } from '../mapping.ts'
import { physicalSegments, type SgTable } from '../sg-table.ts'
import { Domain, type IommuEntry } from './domain.ts'
import { layOut } from './lay-out.ts'

export class IommuMap {
  readonly #machine: Machine
  readonly #devices: DeviceParameters
  readonly #domains = new Map<string, Domain>()

  constructor(machine: Machine, devices: DeviceParameters) {
    this.#machine = machine
    this.#devices = devices
  }

  /** ENOMEM when the device's address space is full. */
  reach(device: string, table: SgTable, direction: DmaDirection): Reached {
    const layout = layOut(physicalSegments(table), this.#devices.of(device))
    const limit = this.#devices.reach(device)
    const entry = this.domain(device).map(layout, direction, limit)
    return {
      runs: table.runs,
      iommu: entry,
      segments: () =>
        layout.segments.map(({ address, length }) => ({ address: address + entry.iova, length })),
    }
  }

  release(device: string, entry: IommuEntry): void {
    this.domain(device).unmap(entry)
  }

  domain(device: string): Domain {
    let domain = this.#domains.get(device)
    if (domain === undefined) {
      const { scheduler, board } = this.#machine
      domain = new Domain({ unmap: board.iommu?.unmap ?? 'strict', now: () => scheduler.now })
      this.#domains.set(device, domain)
    }
    return domain
  }
}
