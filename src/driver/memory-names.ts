import type { SgTable } from '../kernel/dma/sg-table.ts'
import type { Storage } from '../machine/storage.ts'
import type { UnderWay } from './under-way.ts'

/** The buffer that events name for the bytes of a table, and where in it the table begins. */
export interface NamedMemory {
  readonly buffer: number
  readonly offset: number
  readonly attachment: number | undefined
}

/** The owner of a storage, and where in the storage it begins. */
interface Owner {
  readonly buffer: number
  readonly start: number
}

/**
 * Names the memory that a driver maps for a device: in an operation of an exporter it is the buffer's;
 * elsewhere the buffer's whose operations mapped it before, or the driver's own.
 */
export class MemoryNames {
  readonly #underWay: UnderWay
  readonly #owners = new WeakMap<Storage, Owner>()

  constructor(underWay: UnderWay) {
    this.#underWay = underWay
  }

  /** Memory was allocated: until it is exported, it is the driver's own. */
  add(storage: Storage, owner: Owner): void {
    this.#owners.set(storage, owner)
  }

  of(table: SgTable, device: string): NamedMemory {
    const under = this.#underWay.operation
    if (under !== undefined) this.#exported(table, under.buffer.inode)
    const own = under?.attachment?.device === device ? under.attachment.id : undefined
    if (under !== undefined) return { buffer: under.buffer.inode, offset: 0, attachment: own }
    const [first] = table.runs
    const owner = first === undefined ? undefined : this.#owners.get(first.storage)
    const offset = Math.max(0, (first?.offset ?? 0) - (owner?.start ?? 0))
    return { buffer: owner?.buffer ?? first?.storage.buffer ?? 0, offset, attachment: undefined }
  }

  /** The buffer begins where the table's first run does. */
  #exported(table: SgTable, buffer: number): void {
    for (const { storage, offset } of table.runs) {
      this.#owners.set(storage, { buffer, start: offset })
    }
  }
}
