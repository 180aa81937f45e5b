/**
 * Memory that is a file, from memfd_create.
 *
 * A process maps it cached, and nothing governs its accesses: no SYNC of a buffer made of its
 * pages. Source: mm/memfd.c and mm/shmem.c of Linux 6.12, for the order of checks and their errors.
 */

import { PAGE_SIZE } from '../../abi/fcntl.ts'
import * as uapi from '../../abi/memfd.ts'
import type { BufferId, Range } from '../../events/event.ts'
import type { TouchedPart } from '../../machine/first-touch.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import type { Machine } from '../../machine/machine.ts'
import { CpuBytes } from '../dma/cpu-bytes.ts'
import { eachRun, type StorageRun } from '../dma/sg-table.ts'
import type { MappedMemory, MapRequest } from '../dmabuf/file.ts'
import type { CpuPages } from '../dmabuf/ops.ts'
import { Extents } from './extents.ts'
import { firstSeals, type WriteUse, withSeals } from './seals.ts'

const NO_WRITES = uapi.F_SEAL_WRITE | uapi.F_SEAL_FUTURE_WRITE

/** Bytes of a file, 16 TiB: each GiB costs the simulation something, touched or not. */
const LONGEST: number = 2 ** 44

/** Pinned pages. */
export interface PinnedPages {
  readonly runs: readonly StorageRun[]
  /** Lets them go; once. */
  unpin(): void
}

export class Memfd {
  /** Below zero: not a dma-buf. */
  readonly id: BufferId
  readonly #name: string
  readonly #machine: Machine
  readonly #extents: Extents
  readonly #executable: boolean
  #size = 0
  #seals: number
  /** Shared mappings that may write, or may be made to. */
  #writers = 0
  #pins = 0

  /** EINVAL, ENOSYS for flags and names that memfd_create refuses. */
  constructor(machine: Machine, name: string, flags: number) {
    this.#seals = firstSeals(name, flags)
    this.#executable = (flags & uapi.MFD_NOEXEC_SEAL) === 0
    this.#name = name
    this.#machine = machine
    this.#extents = new Extents(machine, (start, end) => this.#zero(start, end))
    this.id = machine.ram.nextMemoryId()
    this.#announce()
  }

  /** Bytes, not rounded to pages. */
  get size(): number {
    return this.#size
  }

  /** The F_SEAL_ bits in force. */
  get seals(): number {
    return this.#seals
  }

  /** F_ADD_SEALS. EINVAL for unknown bits, EPERM under F_SEAL_SEAL, EBUSY for F_SEAL_WRITE in use. */
  addSeals(added: number): void {
    const seals = this.#seals
    const inUse = (): WriteUse => this.#writeUse()
    this.#seals = withSeals({ seals, executable: this.#executable, inUse }, added)
  }

  /** Throws the error that `truncate` would: EPERM if it is sealed. */
  checkTruncate(size: number): void {
    if (size < 0) throw new KernelError('EINVAL', `length is ${size}`)
    if (size > LONGEST)
      throw new KernelError('ENOMEM', `${size} bytes: a memfd has ${LONGEST} at most`)
    if (size < this.#size && (this.#seals & uapi.F_SEAL_SHRINK) !== 0) {
      throw new KernelError('EPERM', 'the file is sealed with F_SEAL_SHRINK')
    }
    if (size > this.#size && (this.#seals & uapi.F_SEAL_GROW) !== 0) {
      throw new KernelError('EPERM', 'the file is sealed with F_SEAL_GROW')
    }
  }

  /**
   * Makes it `size` bytes long; new bytes are zero. Arrays over the removed part must have ended.
   * EPERM, ENOMEM.
   */
  truncate(size: number): void {
    this.checkTruncate(size)
    const pages = this.#extents.length
    const after = wholePages(size)
    if (after > pages) this.#extents.grow(after - pages)
    const before = this.#size
    if (size === before) return
    this.#size = size
    this.#announce()
    if (size < before) this.#shrink(size, after)
  }

  /**
   * A process maps it. EPERM for a shared writable mapping if it is sealed. `pages` ends where the
   * file does: an access beyond is SIGBUS.
   */
  map({ offset, length, writable, shared }: MapRequest): MappedMemory {
    const sealed = (this.#seals & NO_WRITES) !== 0
    if (shared && writable && sealed) {
      throw new KernelError('EPERM', 'the file is sealed against writing')
    }
    const writes = shared && !sealed
    if (writes) this.#writers++
    return {
      memory: this.id,
      offset,
      pages: this.pages(offset, length),
      unmapped: () => {
        if (writes) this.#writers--
      },
    }
  }

  /** The pages that exist of `[offset, offset + length)`, whole pages: fewer, where the file ends. */
  pages(offset: number, length: number): CpuPages {
    const runs = this.#extents.runs(offset, offset + length)
    return { runs, attribute: 'cached', expandable: true }
  }

  /**
   * memfd_pin_folios: the pages of `[offset, offset + length)`, whole pages, which stay where they are
   * until `unpin`. EINVAL for a range that is empty or does not lie inside the file.
   */
  pin(offset: number, length: number): PinnedPages {
    this.#machine.faults.pass('memfd_pin_folios')
    if (!(length > 0) || offset + length > this.#size) {
      throw new KernelError(
        'EINVAL',
        `bytes ${offset} to ${offset + length} are not within the ${this.#size} bytes of the memfd`,
      )
    }
    const pinned = this.#extents.pin(offset, offset + length)
    this.#pins++
    return {
      runs: pinned.runs,
      unpin: () => {
        this.#pins--
        pinned.unpin()
      },
    }
  }

  /**
   * Loads the existing bytes at `offset`; returns their count. Pages that were never touched are
   * zero and stay untouched. Source: shmem_file_read_iter in mm/shmem.c.
   */
  read(offset: number, target: Uint8Array): number {
    const length = Math.max(0, Math.min(target.length, this.#size - offset))
    for (const { start, end, touched } of this.#touched(offset, offset + length)) {
      const part = target.subarray(start - offset, end - offset)
      if (touched) this.#bytes(start, end).load(0, part)
      else this.#zeros(part)
    }
    return length
  }

  #zeros(target: Uint8Array): void {
    target.fill(0)
    this.#machine.cost.cpuBytes += target.length
  }

  /** Bytes `[start, end)` of the file, as the kernel reaches them through its cached mapping. */
  #bytes(start: number, end: number): CpuBytes {
    const runs = this.#extents.runs(start, end)
    const where = { buffer: this.id, offset: start, runs }
    return new CpuBytes(this.#machine, { ...where, attribute: 'cached' })
  }

  /** Bytes `[start, end)` of the file, cut where pages begin or end to be there. */
  #touched(start: number, end: number): TouchedPart[] {
    const parts: TouchedPart[] = []
    const runs = this.#extents.runs(start, end)
    eachRun({ runs }, 0, end - start, (storage, from, to, at) => {
      const by = start + at - from
      for (const part of storage.firstTouch?.parts(from, to) ?? []) {
        parts.push({ ...moved(part, by), touched: part.touched })
      }
    })
    return parts
  }

  /** The file is gone; pinned pages stay until they are unpinned. */
  release(): void {
    this.#machine.events.emit({ kind: 'release', buffer: this.id })
    this.#extents.cut(0)
  }

  #announce(): void {
    const { id: buffer, size } = this
    const what = `memfd ${this.#name}`
    this.#machine.events.emit({ kind: 'memory', buffer, size, what })
  }

  #writeUse(): WriteUse {
    if (this.#writers > 0) return 'a shared mapping may write: unmap it before'
    return this.#pins > 0 ? 'its pages are in use, for example by a udmabuf' : undefined
  }

  /**
   * The rest of the last page behind the new end is zeroed, so that its content does not come back.
   */
  #shrink(size: number, pages: number): void {
    this.#extents.cut(pages)
    for (const { start, end, touched } of this.#touched(size, pages)) {
      if (touched) this.#zero(start, end)
    }
  }

  #zero(start: number, end: number): void {
    if (start >= end) return
    const agent = { kind: 'kernel', name: 'memfd' } as const
    this.#bytes(start, end).fill(0, 0, end - start, { agent })
  }
}

function wholePages(size: number): number {
  return Math.ceil(size / PAGE_SIZE) * PAGE_SIZE
}

function moved({ start, end }: Range, by: number): Range {
  return { start: start + by, end: end + by }
}
