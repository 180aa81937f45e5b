import { errno } from '../abi/errno.ts'
import {
  MAP_FIXED,
  MAP_SHARED,
  MAP_SHARED_VALIDATE,
  MAP_TYPE,
  MREMAP_MAYMOVE,
  PAGE_SIZE,
  PROT_READ,
  PROT_WRITE,
} from '../abi/fcntl.ts'
import { alignUp } from '../base/bits.ts'
import { MAY_SHRINK } from '../base/may-shrink.ts'
import type { CallScope } from '../syscalls/call-scope.ts'
import type { ViewScope } from '../syscalls/syscalls.ts'
import { backingOf } from './backing.ts'
import { Copies } from './copies.ts'
import { Faultless } from './faultless.ts'
import { ForeignArray } from './foreign-array.ts'
import type { Ledger } from './ledger.ts'
import type { Libc } from './libc.ts'
import { endOf, type Mapped, MappingTable } from './mapping-table.ts'

/** Bytes that one array can have; to ask the engine for more may end the process. */
const LONGEST_ARRAY = 2 ** 32

/**
 * How programs see mapped memory. `direct`: arrays over the memory itself, which live until the
 * mapping goes. `copy`: copies that are written to memory at the end of each CPU access, and end with it.
 */
export type MemoryMode = 'direct' | 'copy'

export interface MemoryParts {
  readonly libc: Libc
  readonly ledger: Ledger
  readonly scope: CallScope
  readonly mode: MemoryMode
}

/**
 * The program's own mappings. Only these can be unmapped, moved and looked at, and none in a way that
 * could end the process: see `view`.
 */
export class Memory {
  readonly mode: MemoryMode
  readonly copies: Copies
  readonly #libc: Libc
  readonly #ledger: Ledger
  readonly #scope: CallScope
  readonly #table = new MappingTable()
  readonly #faultless: Faultless

  constructor({ libc, ledger, scope, mode }: MemoryParts) {
    this.#libc = libc
    this.#ledger = ledger
    this.#scope = scope
    this.mode = mode
    this.copies = new Copies(libc, mode === 'copy')
    this.#faultless = new Faultless(libc)
  }

  /** How many mappings there are. */
  get count(): number {
    return this.#table.all.length
  }

  mmap(length: number, protection: number, flags: number, fd: number, offset: number): number {
    // The waist names no address.
    if ((flags & MAP_FIXED) !== 0) return -errno.EINVAL
    const address = this.#libc.mmap(0, length, protection, flags, fd, offset)
    if (address < 0) return address
    const whole = alignUp(length, PAGE_SIZE)
    const type = flags & MAP_TYPE
    const writable = (protection & PROT_WRITE) !== 0
    this.#add({
      address,
      length: whole,
      readable: (protection & PROT_READ) !== 0,
      writable,
      shared: type === MAP_SHARED || type === MAP_SHARED_VALIDATE,
      backing: backingOf(this.#libc, flags, fd, offset, whole),
      file: this.mode === 'copy' || !writable ? this.#libc.fileOf(fd) : undefined,
      origin: this.#scope.origin,
    })
    return address
  }

  /** As munmap(2), for the program's own mappings; other memory in the range is left alone. */
  munmap(address: number, length: number): number {
    if (address % PAGE_SIZE !== 0 || length === 0) return -errno.EINVAL
    const end = address + alignUp(length, PAGE_SIZE)
    for (const mapping of this.#table.overlapping(address, end)) {
      const from = Math.max(address, mapping.address)
      const to = Math.min(end, endOf(mapping))
      this.copies.end(mapping)
      const result = this.#unmapPages(mapping, from, to)
      if (result < 0) return result
      this.#keepRest(mapping, from, to)
    }
    return 0
  }

  #unmapPages({ array }: Mapped, from: number, to: number): number {
    return array === undefined ? this.#libc.munmap(from, to - from) : array.unmap(from, to - from)
  }

  /** Replaces `mapping` by its parts outside `[from, to)`. */
  #keepRest(mapping: Mapped, from: number, to: number): void {
    this.#table.remove(mapping)
    this.#ledger.unmapped(mapping.address)
    for (const [start, end] of [
      [mapping.address, from],
      [to, endOf(mapping)],
    ] as const) {
      if (start < end) this.#add({ ...mapping, address: start, length: end - start })
    }
  }

  #add(mapping: Mapped): void {
    this.#table.add(mapping)
    this.#ledger.mapped(mapping.address, mapping.length, mapping.origin)
  }

  /** As mremap(2) with no flag but MREMAP_MAYMOVE, for one of the program's own mappings. */
  mremap(address: number, oldLength: number, newLength: number, flags: number): number {
    if ((flags & ~MREMAP_MAYMOVE) !== 0 || address % PAGE_SIZE !== 0) return -errno.EINVAL
    const before = alignUp(oldLength, PAGE_SIZE)
    const after = alignUp(newLength, PAGE_SIZE)
    if (after === 0) return -errno.EINVAL
    const mapping = this.#table.find(address, 1)
    if (mapping === undefined) return -errno.EFAULT
    if (before >= after) {
      const result = before > after ? this.munmap(address + after, before - after) : 0
      return result < 0 ? result : address
    }
    if (before === 0) return -errno.EINVAL
    if (address + before > endOf(mapping)) return -errno.EFAULT
    return this.#grow(mapping, address, before, after, flags)
  }

  #grow(mapping: Mapped, address: number, before: number, after: number, flags: number): number {
    const mayMove = (flags & MREMAP_MAYMOVE) !== 0
    const isSeen = mapping.array?.buffer !== undefined
    if (isSeen && !mayMove) return mapping.backing === 'dma-buf' ? -errno.EFAULT : -errno.ENOMEM
    // While the copy is where it was taken from: its views end with the move.
    mapping.shadow?.giveBack()
    // An old length of 0 maps the pages a second time, so that arrays keep theirs until these are
    // replaced in one step.
    const moved = this.#libc.mremap(address, isSeen ? 0 : before, after, flags, 0)
    if (moved < 0) return moved
    if (isSeen) this.#unmapPages(mapping, address, address + before)
    this.#grown(mapping, address, before, moved, after)
    return moved
  }

  /** `[address, address + before)` of `mapping` has become `after` bytes at `moved`. */
  #grown(mapping: Mapped, address: number, before: number, moved: number, after: number): void {
    this.copies.drop(mapping)
    this.#keepRest(mapping, address, address + before)
    const { array: _array, shadow: _shadow, ...facts } = mapping
    // The new part may lie behind the end of the file.
    const backing = facts.backing === 'dma-buf' ? facts.backing : 'may-shrink'
    this.#add({ ...facts, backing, address: moved, length: after })
  }

  /**
   * An array over `length` bytes at `address`, or a copy of them: in copy mode, and where the mapping
   * is read-only, because a store through an array over such pages would end the process; a store to
   * that copy is lost. EINVAL for a private mapping, whose pages change with the first store, and for
   * a file that may become shorter (a memfd without F_SEAL_SHRINK), and for a mapping of more than 4
   * GiB: `load` and `store` reach all. ENOMEM where the host has no memory for a copy.
   */
  view(address: number, length: number, scope: ViewScope): Uint8Array<ArrayBuffer> | number {
    const mapping = this.#table.find(address, length)
    if (mapping === undefined) return -errno.EFAULT
    if (!mapping.readable) return this.#because(errno.EFAULT, WRITE_ONLY)
    if (!mapping.shared) return this.#because(errno.EINVAL, PRIVATE)
    if (mapping.backing === 'may-shrink') return this.#because(errno.EINVAL, MAY_SHRINK)
    if (mapping.length > LONGEST_ARRAY) return this.#because(errno.EINVAL, TOO_LONG)
    if (this.mode === 'copy' || !mapping.writable) {
      return this.copies.view(mapping, address, length, scope)
    }
    const present = mapping.array?.buffer
    if (mapping.array !== undefined && present !== undefined) {
      return new Uint8Array(present, address - mapping.array.start, length)
    }
    const [array, buffer] = ForeignArray.over(this.#libc, mapping.address, mapping.length)
    mapping.array = array
    return new Uint8Array(buffer, address - mapping.address, length)
  }

  load(address: number, target: Uint8Array): number {
    const mapping = this.#table.find(address, target.length)
    if (mapping === undefined) return -errno.EFAULT
    if (!mapping.readable) return this.#because(errno.EFAULT, WRITE_ONLY)
    mapping.shadow?.giveBack()
    if (mapping.backing === 'may-shrink')
      return this.#cutShort(this.#faultless.load(address, target))
    this.#libc.copyFrom(address, target)
    return 0
  }

  store(address: number, source: Uint8Array): number {
    const mapping = this.#table.find(address, source.length)
    if (mapping === undefined) return -errno.EFAULT
    if (!mapping.writable) return this.#because(errno.EFAULT, READ_ONLY)
    mapping.shadow?.giveBack()
    if (mapping.backing === 'may-shrink')
      return this.#cutShort(this.#faultless.store(address, source))
    this.#libc.copyTo(address, source)
    if (this.copies.active) this.copies.stored(mapping)
    return 0
  }

  /** Releases the resources of this object; mappings stay. */
  close(): void {
    this.#faultless.close()
  }

  /** The negative error number. Its reason goes to the failure that the caller has asked for. */
  #because(error: number, reason: string): number {
    const { failure } = this.#scope
    if (failure !== undefined) failure.reason = reason
    return -error
  }

  #cutShort(result: number): number {
    return result === -errno.EFAULT ? this.#because(errno.EFAULT, CUT_SHORT) : result
  }
}

const BY_CALL = 'use set, fill, copy and view, which work on any memory'
const READ_ONLY = "the mapping is read-only (no PROT_WRITE): map it with access 'read-write'"
const WRITE_ONLY = "the mapping is write-only (no PROT_READ): map it with access 'read-write'"
const PRIVATE = `a private mapping cannot be one array: map it shared, or ${BY_CALL}`
const TOO_LONG = `an array holds 4 GiB at most: map less, or ${BY_CALL}`
const CUT_SHORT = 'the file ends before this offset: extend it, or map less'
