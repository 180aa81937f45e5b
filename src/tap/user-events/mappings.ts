import { MAP_PRIVATE, MAP_TYPE, PAGE_SIZE, PROT_WRITE } from '../../abi/fcntl.ts'
import { alignUp } from '../../base/bits.ts'
import type { BufferId, MappedAttribute, Range } from '../../events/event.ts'
import type { ViewScope } from '../../syscalls/syscalls.ts'
import { type Area, Areas, endOf } from './areas.ts'
import type { Files, OpenFile } from './files.ts'
import type { Memories } from './memories.ts'
import type { Tell } from './tell.ts'

/** The result of one mmap, however many areas munmap has cut it into. */
interface CpuMapped {
  readonly id: number
  readonly file: OpenFile
  readonly buffer: BufferId
  readonly attribute: MappedAttribute
  readonly writable: boolean
  readonly isPrivate: boolean
  /** The pages that the process has copies of, where its stores make them. */
  readonly copies: Set<number> | undefined
  readonly offset: number
  /** Bytes that were asked for, whole pages. */
  asked: number
  /** Of these, bytes that the file has. */
  length: number
}

/** Nodes whose mappings are buffers of their drivers. */
const DEVICES = /^\/dev\/(video|dri\/)/

/** The program's mappings, and its accesses through them. */
export class Mappings {
  readonly #files: Files
  readonly #memories: Memories
  readonly #tell: Tell
  readonly #areas = new Areas<CpuMapped>()
  #latest = 0

  constructor(files: Files, memories: Memories, tell: Tell) {
    this.#files = files
    this.#memories = memories
    this.#tell = tell
  }

  /** mmap of `file` returned `address`. */
  mapped(
    file: OpenFile,
    address: number,
    asked: { length: number; protection: number; flags: number; offset: number },
  ): void {
    const length = alignUp(asked.length, PAGE_SIZE)
    const place = this.#placeOf(file, asked.offset, length)
    if (place === undefined) return
    const shared = (asked.flags & MAP_TYPE) !== MAP_PRIVATE
    const writable = (asked.protection & PROT_WRITE) !== 0
    const mapping: CpuMapped = {
      id: ++this.#latest,
      file,
      ...place,
      writable: writable && shared,
      isPrivate: !shared,
      copies: writable && !shared ? new Set() : undefined,
      asked: length,
      length: reachable(file, place.offset, length),
    }
    this.#files.get(file)
    this.#areas.add({ address, length, mapping, at: 0 })
    this.#tellOf('cpu-map', mapping)
  }

  unmapped(address: number, length: number): void {
    this.#dropped(this.#areas.cut(address, address + alignUp(length, PAGE_SIZE)))
  }

  /** mremap made `before` bytes at `address` into `after` bytes at `moved`. */
  remapped(address: number, before: number, after: number, moved: number): void {
    const old = alignUp(before, PAGE_SIZE)
    const now = alignUp(after, PAGE_SIZE)
    if (now <= old) {
      if (now < old) this.unmapped(address + now, old - now)
      return
    }
    const longer =
      moved === address
        ? this.#areas.extend(address + old, now - old)
        : this.#movedArea(address, old, moved, now)
    if (longer === undefined) return
    const { mapping, at, length } = longer
    mapping.asked = Math.max(mapping.asked, at + length)
    this.#resized(mapping)
  }

  #movedArea(
    address: number,
    before: number,
    moved: number,
    after: number,
  ): Area<CpuMapped> | undefined {
    const [area] = this.#areas.cut(address, address + before)
    if (area === undefined) return undefined
    const there = { ...area, address: moved, length: after }
    this.#areas.add(there)
    return there
  }

  /** The file has another size. */
  truncated(file: OpenFile): void {
    for (const mapping of this.#areas.mappings) {
      if (mapping.file.memfd !== file.memfd) continue
      forgetCopies(mapping)
      this.#resized(mapping)
    }
  }

  viewed(address: number, length: number, scope: ViewScope): void {
    const [area, more] = this.#areas.over(address, length)
    if (area === undefined || more !== undefined || area.mapping.copies !== undefined) return
    const { mapping } = area
    const isOpen = (mapping.file.buffer?.open ?? 0) > 0
    this.#tell({
      kind: 'cpu-view',
      buffer: mapping.buffer,
      mapping: mapping.id,
      range: rangeIn(area, address, address + length),
      scope: isOpen ? scope : 'mapping',
      hazards: [],
    })
  }

  accessed(kind: 'cpu-load' | 'cpu-store', address: number, length: number): void {
    for (const area of this.#areas.over(address, length)) {
      const from = Math.max(address, area.address)
      const to = Math.min(address + length, endOf(area))
      if (area.mapping.copies !== undefined) this.#accessedByPage(kind, area, from, to)
      else this.#tellAccess(kind, area.mapping, rangeIn(area, from, to))
    }
  }

  /** A store makes the process's own copy of its page, which loads find from then on. */
  #accessedByPage(
    kind: 'cpu-load' | 'cpu-store',
    area: Area<CpuMapped>,
    from: number,
    to: number,
  ): void {
    const { mapping } = area
    for (let at = from; at < to; ) {
      const end = Math.min(to, alignUp(at + 1, PAGE_SIZE))
      const range = rangeIn(area, at, end)
      const page = Math.floor((range.start - mapping.offset) / PAGE_SIZE)
      at = end
      if (kind === 'cpu-store') mapping.copies?.add(page)
      const isCopy = mapping.copies?.has(page) === true
      if (!isCopy) this.#tellAccess(kind, mapping, range)
      else {
        const does = kind === 'cpu-load' ? 'private-load' : 'private-store'
        this.#tell({ kind: does, buffer: mapping.buffer, mapping: mapping.id, range })
      }
    }
  }

  #tellAccess(
    kind: 'cpu-load' | 'cpu-store',
    { buffer, id: mapping }: CpuMapped,
    range: Range,
  ): void {
    this.#tell({ kind, buffer, mapping, range, seen: 'exact', hazards: [] })
  }

  /** The last area of a mapping ends it. */
  #dropped(areas: readonly Area<CpuMapped>[]): void {
    for (const mapping of new Set(areas.map((area) => area.mapping))) {
      if (this.#areas.shows(mapping)) continue
      this.#tellOf('cpu-unmap', mapping)
      this.#files.put(mapping.file)
    }
  }

  #resized(mapping: CpuMapped): void {
    const length = reachable(mapping.file, mapping.offset, mapping.asked)
    if (length === mapping.length) return
    mapping.length = length
    this.#tellOf('cpu-map', mapping)
  }

  #placeOf(
    file: OpenFile,
    offset: number,
    length: number,
  ): Pick<CpuMapped, 'buffer' | 'attribute' | 'offset'> | undefined {
    const { buffer, memfd, what } = file
    if (buffer !== undefined) return { buffer: buffer.id, attribute: buffer.attribute, offset }
    if (memfd !== undefined) return { buffer: memfd.id, attribute: 'cached', offset }
    if (!DEVICES.test(what)) return undefined
    const memory = this.#memories.ofDevice(file, offset, length)
    return { buffer: memory, attribute: 'unknown', offset: 0 }
  }

  #tellOf(
    kind: 'cpu-map' | 'cpu-unmap',
    { id, buffer, offset, length, attribute, writable, isPrivate }: CpuMapped,
  ): void {
    const range = { start: offset, end: offset + length }
    const how = { attribute, writable, isPrivate: isPrivate ? true : undefined }
    this.#tell({ kind, buffer, mapping: id, range, ...how })
  }
}

/** Copies of pages that the file has no more are gone with them. */
function forgetCopies({ copies, file, offset }: CpuMapped): void {
  const left = alignUp(file.memfd?.size ?? 0, PAGE_SIZE) - offset
  for (const page of copies ?? []) if (page * PAGE_SIZE >= left) copies?.delete(page)
}

/** Bytes beyond the end of a memfd are not part of it (SIGBUS). */
function reachable({ memfd }: OpenFile, offset: number, asked: number): number {
  if (memfd === undefined) return asked
  return Math.max(0, Math.min(asked, alignUp(memfd.size, PAGE_SIZE) - offset))
}

function rangeIn({ address, at, mapping }: Area<CpuMapped>, from: number, to: number): Range {
  const shift = mapping.offset + at - address
  return { start: from + shift, end: to + shift }
}
