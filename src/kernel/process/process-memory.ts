import { PROT_READ, PROT_WRITE } from '../../abi/fcntl.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import type { Machine } from '../../machine/machine.ts'
import type { DmaBufCore } from '../dmabuf/core.ts'
import type { OpenFile } from '../dmabuf/file.ts'
import { memfdOf } from '../shmem/memfd-file.ts'
import { AddressSpace, type Area, endOf } from './address-space.ts'
import { Backing } from './backing.ts'
import type { FileDescription } from './fd-table.ts'
import { checkMmap, type MmapWords, requirePages, wholePages } from './mapping-checks.ts'

/** The memory of a process: mapping, unmapping, and every access. A failure is a KernelError. */
export class ProcessMemory {
  readonly space: AddressSpace = new AddressSpace()
  readonly #kernel: { readonly machine: Machine; readonly core: DmaBufCore }
  #mappings = 0

  constructor(kernel: { readonly machine: Machine; readonly core: DmaBufCore }) {
    this.#kernel = kernel
  }

  /** The address of the new mapping. EINVAL, EACCES, ENODEV, EOPNOTSUPP, and the file's errors. */
  map(description: FileDescription, request: MmapWords): number {
    const { protection, offset } = request
    const shared = checkMmap(description.file, request)
    const length = wholePages(request.length)
    const address = this.room(length)
    const readable = (protection & PROT_READ) !== 0
    const writable = (protection & PROT_WRITE) !== 0
    const asked = { offset, length, readable, writable, shared }
    const backing = new Backing(this.#kernel, ++this.#mappings, description, asked)
    return this.space.add({ address, length, readable, writable, backing, at: 0 }).address
  }

  /** An address where nothing is mapped for `length` bytes. ENOMEM. */
  room(length: number): number {
    const address = this.space.room(length)
    if (address !== undefined) return address
    throw new KernelError('ENOMEM', `the process has no addresses left for ${length} bytes`)
  }

  /** Unmaps the mapped part of the range, which may be part of a mapping, or nothing. EINVAL. */
  unmap(address: number, length: number): void {
    requirePages('address', address)
    if (!(length > 0)) throw new KernelError('EINVAL', `length is ${length}`)
    this.#drop(this.space.cut(address, address + wholePages(length)))
  }

  /** Loads through every area in the range. EFAULT where one is missing, or may not be read. */
  load(address: number, target: Uint8Array): void {
    this.#covering(address, target.length)
    for (const { area, from, to } of this.#parts(address, target.length, 'readable')) {
      const part = target.subarray(from - address, to - address)
      area.backing.load(area.at + from - area.address, part)
    }
  }

  /**
   * Stores through every area in the range. EFAULT if one is missing, or may not be written, and
   * then nothing is stored; also if a file ends before, and then the part before that end is
   * stored.
   */
  store(address: number, source: Uint8Array): void {
    for (const { area, from, to } of this.#parts(address, source.length, 'writable')) {
      const at = area.at + from - area.address
      const inside = Math.min(to - from, Math.max(0, area.backing.reachable - at))
      const part = source.subarray(from - address, from - address + inside)
      if (inside > 0) area.backing.store(at, part)
      if (inside < to - from) throw beyondTheEnd()
    }
  }

  /** The one area that holds all of the range. EFAULT where it is not mapped, EINVAL in several. */
  area(address: number, length: number): Area {
    const areas = this.#covering(address, length)
    const [area] = areas
    if (area !== undefined && areas.length === 1) return area
    throw new KernelError('EINVAL', 'the range lies in several mappings: no array can show it')
  }

  /** ftruncate: removed bytes become unreachable, and new ones reachable. EINVAL, EPERM, ENOMEM. */
  truncate(file: OpenFile, size: number): void {
    const memory = memfdOf(file)
    if (memory === undefined) throw new KernelError('EINVAL', `${file.what} has no length to set`)
    memory.checkTruncate(size)
    const backings = new Set(this.space.areas.map(({ backing }) => backing))
    const shown = [...backings].filter(({ description }) => description.file === file)
    for (const backing of shown) backing.cutTo(size)
    try {
      memory.truncate(size)
    } finally {
      for (const backing of shown) backing.refresh()
    }
  }

  unmapAll(): void {
    this.#drop(this.space.cut(0, Number.POSITIVE_INFINITY))
  }

  /** Areas that were cut out are gone: their arrays end, and the last one ends the mapping. */
  #drop(areas: readonly Area[]): void {
    for (const { backing, at, length } of areas) {
      backing.mapping.endViews(at, at + length)
      backing.put()
    }
  }

  #parts(
    address: number,
    length: number,
    right: 'readable' | 'writable',
  ): { area: Area; from: number; to: number }[] {
    return this.#mapped(address, length).map((area) => {
      if (!area[right]) {
        throw new KernelError(
          'EFAULT',
          right === 'readable'
            ? "the mapping has no PROT_READ: map it with access 'read'"
            : "the mapping is read-only (no PROT_WRITE): map it with access 'read-write'",
        )
      }
      const from = Math.max(address, area.address)
      return { area, from, to: Math.min(address + length, endOf(area)) }
    })
  }

  /** The areas of a range that is mapped and lies inside its files: beyond stands for SIGBUS. */
  #covering(address: number, length: number): Area[] {
    const areas = this.#mapped(address, length)
    for (const area of areas) {
      const end = Math.min(address + length, endOf(area))
      if (area.at + end - area.address > area.backing.reachable) throw beyondTheEnd()
    }
    return areas
  }

  /** The areas of a range. EFAULT where a byte is not mapped. */
  #mapped(address: number, length: number): Area[] {
    const areas = this.space.covering(address, length)
    if (areas.length > 0) return areas
    throw new KernelError('EFAULT', `no mapping holds ${length} bytes at 0x${address.toString(16)}`)
  }
}

function beyondTheEnd(): KernelError {
  return new KernelError('EFAULT', 'the file that is mapped there ends before: SIGBUS')
}
