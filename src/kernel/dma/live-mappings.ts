/** Which mappings are alive, by device and by the memory that they reach; and the last dead ones. */
import type { Storage } from '../../machine/storage.ts'
import type { IommuEntry } from './iommu/domain.ts'
import type { DmaMapping } from './mapping.ts'
import type { StorageRun } from './sg-table.ts'

/** Whose bytes a storage holds: offset in the buffer = offset in the storage + `shift`. */
interface Owner {
  readonly buffer: number
  readonly shift: number
  /** The bytes of the storage that it was last seen with. */
  readonly start: number
  readonly end: number
}

/** Mappings of one storage for one device. */
interface Use {
  readonly live: Set<DmaMapping>
  lastDead: DmaMapping | undefined
}

export class LiveMappings {
  readonly #byDevice = new Map<string, Set<DmaMapping>>()
  readonly #uses = new WeakMap<Storage, Map<string, Use>>()
  readonly #owners = new WeakMap<Storage, Map<number, Owner>>()
  readonly #ofEntry = new WeakMap<IommuEntry, DmaMapping>()

  add(mapping: DmaMapping): void {
    const ofDevice = this.#byDevice.get(mapping.device)
    if (ofDevice === undefined) this.#byDevice.set(mapping.device, new Set([mapping]))
    else ofDevice.add(mapping)
    if (mapping.iommu !== undefined) this.#ofEntry.set(mapping.iommu, mapping)
    eachStorage(mapping, (storage) => this.#useOf(storage, mapping.device).live.add(mapping))
    this.#own(mapping)
  }

  delete(mapping: DmaMapping): void {
    this.#byDevice.get(mapping.device)?.delete(mapping)
    eachStorage(mapping, (storage) => {
      const use = this.#useOf(storage, mapping.device)
      use.live.delete(mapping)
      use.lastDead = mapping
    })
  }

  /** The device's live mappings, oldest first. */
  of(device: string): ReadonlySet<DmaMapping> {
    return this.#byDevice.get(device) ?? new Set()
  }

  /** The mapping that an IOMMU's entry was made for, dead or alive. */
  behind(entry: IommuEntry): DmaMapping | undefined {
    return this.#ofEntry.get(entry)
  }

  /** The device's mapping that reaches byte `offset` of the storage; the last dead one if none lives. */
  reaching(device: string, storage: Storage, offset: number): DmaMapping | undefined {
    const use = this.#uses.get(storage)?.get(device)
    if (use === undefined) return undefined
    for (const mapping of use.live) {
      if (coverage(mapping, storage, offset) !== undefined) return mapping
    }
    const { lastDead } = use
    const reaches = lastDead !== undefined && coverage(lastDead, storage, offset) !== undefined
    return reaches ? lastDead : undefined
  }

  /** Whose memory byte `offset` of a storage was last known to be; else whose any of it was. */
  ownerOf(storage: Storage, offset: number): Owner | undefined {
    const owners = [...(this.#owners.get(storage)?.values() ?? [])].reverse()
    return owners.find(({ start, end }) => start <= offset && offset < end) ?? owners[0]
  }

  #own({ table, buffer, offset, bounce, runs }: DmaMapping): void {
    const [first] = table.runs
    if (first !== undefined) this.#note(first, buffer, offset)
    const [copy] = bounce === undefined ? [] : runs
    if (copy !== undefined) this.#note(copy, buffer, offset)
  }

  #note({ storage, offset: start, length }: StorageRun, buffer: number, offset: number): void {
    const owner = { buffer, shift: offset - start, start, end: start + length }
    const owners = this.#owners.get(storage)
    if (owners === undefined) this.#owners.set(storage, new Map([[owner.buffer, owner]]))
    else {
      owners.delete(owner.buffer)
      owners.set(owner.buffer, owner)
    }
  }

  #useOf(storage: Storage, device: string): Use {
    let uses = this.#uses.get(storage)
    if (uses === undefined) {
      uses = new Map()
      this.#uses.set(storage, uses)
    }
    let use = uses.get(device)
    if (use === undefined) {
      use = { live: new Set(), lastDead: undefined }
      uses.set(device, use)
    }
    return use
  }
}

/** Calls `visit` once for each storage in a row that the mapping reaches. */
function eachStorage({ runs }: DmaMapping, visit: (storage: Storage) => void): void {
  let last: Storage | undefined
  for (const { storage } of runs) {
    if (storage !== last) visit(storage)
    last = storage
  }
}

/** Where in the mapping byte `at` of the storage is, and how many bytes follow there. */
export function coverage(
  mapping: DmaMapping,
  storage: Storage,
  at: number,
): { readonly position: number; readonly length: number } | undefined {
  let position = 0
  for (const run of mapping.runs) {
    const inRun = at - run.offset
    if (run.storage === storage && inRun >= 0 && inRun < run.length) {
      return { position: position + inRun, length: run.length - inRun }
    }
    position += run.length
  }
  return undefined
}
