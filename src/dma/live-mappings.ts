/** Which mappings are alive, by device and by the memory that they reach; and the last dead ones. */
import type { Storage } from '../machine/storage.ts'
import type { IommuEntry } from './iommu/domain.ts'
import type { DmaMapping } from './mapping.ts'

/** Whose bytes a storage holds: offset in the buffer = offset in the storage + `shift`. */
interface Owner {
  readonly buffer: number
  readonly shift: number
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
      if (positionOf(mapping, storage, offset) !== undefined) return mapping
    }
    const { lastDead } = use
    const reaches = lastDead !== undefined && positionOf(lastDead, storage, offset) !== undefined
    return reaches ? lastDead : undefined
  }

  /** Whose memory a storage was last known to hold. */
  ownerOf(storage: Storage): Owner | undefined {
    return [...(this.#owners.get(storage)?.values() ?? [])].at(-1)
  }

  #own({ table, buffer, offset, bounce, runs }: DmaMapping): void {
    const [first] = table.runs
    if (first !== undefined) this.#note(first.storage, { buffer, shift: offset - first.offset })
    const [copy] = bounce === undefined ? [] : runs
    if (copy !== undefined) this.#note(copy.storage, { buffer, shift: offset - copy.offset })
  }

  #note(storage: Storage, owner: Owner): void {
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

/** Where in the mapping byte `at` of the storage is. */
export function positionOf(mapping: DmaMapping, storage: Storage, at: number): number | undefined {
  let position = 0
  for (const run of mapping.runs) {
    const within = run.storage === storage && run.offset <= at && at < run.offset + run.length
    if (within) return position + at - run.offset
    position += run.length
  }
  return undefined
}
