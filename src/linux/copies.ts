import { DMA_BUF_IOCTL_SYNC, DMA_BUF_SYNC_END } from '../abi/dma-buf.ts'
import { errno } from '../abi/errno.ts'
import type { ViewScope } from '../syscalls/syscalls.ts'
import type { Libc } from './libc.ts'
import type { Mapped } from './mapping-table.ts'
import { Shadow } from './shadow.ts'

/**
 * Synchronises the programs' copies with memory, at the calls where a program that follows the rules of
 * CPU access cannot see a difference: for a dma-buf, when an access begins and ends; for other memory, which
 * has no such calls, before and after every ioctl.
 */
export class Copies {
  readonly #libc: Libc
  /** Every view is a copy, so CPU accesses are counted from the start. */
  readonly #always: boolean
  readonly #mappings = new Set<Mapped>()
  /** Open CPU accesses, by file. */
  readonly #open = new Map<string, number>()

  constructor(libc: Libc, always: boolean) {
    this.#libc = libc
    this.#always = always
  }

  /** Whether the calls below have anything to do. */
  get active(): boolean {
    return this.#always || this.#mappings.size > 0
  }

  /** Bytes of a copy of `mapping`, made now if there is none. ENOMEM where the host has no memory for it. */
  view(
    mapping: Mapped,
    address: number,
    length: number,
    scope: ViewScope,
  ): Uint8Array<ArrayBuffer> | number {
    const shadow = this.#shadowOf(mapping)
    if (shadow === undefined) return -errno.ENOMEM
    if (scope === 'mapping' || !this.#isOpen(mapping)) shadow.lastsWithMapping = true
    return shadow.view(address, length)
  }

  #shadowOf(mapping: Mapped): Shadow | undefined {
    const present = mapping.shadow
    if (present !== undefined) {
      this.step(mapping)
      return present
    }
    const shadow = shadowOver(this.#libc, mapping)
    if (shadow === undefined) return undefined
    mapping.shadow = shadow
    this.#mappings.add(mapping)
    return shadow
  }

  #isOpen({ file }: Mapped): boolean {
    return this.#always && file !== undefined && (this.#open.get(file) ?? 0) > 0
  }

  /** Writes the program's stores to memory, and reads the stores of others. */
  step(mapping: Mapped): void {
    mapping.shadow?.giveBack()
    mapping.shadow?.take()
  }

  /** Memory has changed: updates every other copy of the bytes of `mapping`. */
  stored(mapping: Mapped): void {
    for (const other of this.#mappings) {
      if (other === mapping || (other.file !== undefined && other.file === mapping.file)) {
        this.step(other)
      }
    }
  }

  /** The mapping goes, and its views with it. */
  end(mapping: Mapped): void {
    mapping.shadow?.giveBack()
    this.drop(mapping)
  }

  /** As `end`, for a mapping that no longer exists: nothing is written to memory. */
  drop(mapping: Mapped): void {
    if (mapping.shadow === undefined) return
    mapping.shadow.end()
    mapping.shadow = undefined
    this.#mappings.delete(mapping)
  }

  /** Before a request: writes the program's stores to memory. Returns the file for `after`. */
  before(fd: number, request: number): string | undefined {
    const file = request === DMA_BUF_IOCTL_SYNC ? this.#libc.fileOf(fd) : undefined
    for (const mapping of this.#about(file)) mapping.shadow?.giveBack()
    return file
  }

  /** After a request that returned `result`: updates the copies with the stores of others. */
  after(file: string | undefined, bytes: Uint8Array, result: number): void {
    for (const mapping of this.#about(file)) this.step(mapping)
    if (file === undefined || result !== 0) return
    const isEnd = ((bytes[0] ?? 0) & DMA_BUF_SYNC_END) !== 0
    const open = Math.max(0, (this.#open.get(file) ?? 0) + (isEnd ? -1 : 1))
    if (open > 0) this.#open.set(file, open)
    else this.#open.delete(file)
    if (isEnd && open === 0) this.#endBracketViews(file)
  }

  /** The copies of `file`, and those of all memory that has no CPU access calls. */
  #about(file: string | undefined): Mapped[] {
    return [...this.#mappings].filter(
      (mapping) => mapping.backing !== 'dma-buf' || mapping.file === file,
    )
  }

  #endBracketViews(file: string): void {
    for (const mapping of [...this.#mappings]) {
      if (mapping.file === file && mapping.shadow?.lastsWithMapping === false) this.end(mapping)
    }
  }
}

/** `undefined` where the engine has no memory for it. */
function shadowOver(libc: Libc, { address, length, writable }: Mapped): Shadow | undefined {
  try {
    return new Shadow(libc, address, length, writable)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
