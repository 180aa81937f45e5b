/**
 * A process's mapping of a buffer or of other memory: every load and store of the CPU goes through
 * one.
 *
 * Exact accesses are seen as they happen. Stores through an array are found before the next
 * operation whose result depends on them.
 */

import { PAGE_SIZE } from '../../abi/fcntl.ts'
import type { BufferId, EventOrigin, Hazard, MemoryAttribute, Range } from '../../events/event.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import type { Machine } from '../../machine/machine.ts'
import type { LiveView, Storage } from '../../machine/storage.ts'
import { CpuBytes, shifted } from '../dma/cpu-bytes.ts'
import { eachRun, placementOf, type SgTable } from '../dma/sg-table.ts'
import type { OpenBrackets } from './brackets.ts'
import type { CpuPages } from './ops.ts'
import { PresentPages } from './present-pages.ts'

export interface CpuMappingInfo {
  readonly id: number
  /** The dma-buf or other memory that it shows, as events name it. */
  readonly buffer: BufferId
  /** The CPU accesses that govern it: `openBrackets`; undefined for memory that has none. */
  readonly brackets: OpenBrackets | undefined
  /** Where in the buffer it begins, and how many bytes it has. */
  readonly offset: number
  readonly length: number
  readonly pages: CpuPages
  readonly writable: boolean
  /** MAP_PRIVATE: stores go to copies, which are not its own. */
  readonly isPrivate?: boolean | undefined
}

/** An array for the program, with the data to end it. */
export interface HandedOut {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly view: LiveView
  readonly storage: Storage
}

export class CpuMapping {
  readonly attribute: MemoryAttribute
  readonly #machine: Machine
  #info: CpuMappingInfo
  #table: SgTable
  #bytes: CpuBytes
  readonly #handedOut = new Set<HandedOut>()
  /** The event in which it was unmapped. */
  #unmapped: number | undefined
  /** Its pages were taken out: the next access has them put in again. */
  #isZapped = false
  /** Its page table entries, if the exporter has a fault handler. */
  readonly #pageTable: PresentPages | undefined
  /** Puts pages in again: the exporter's mmap operation stands for its fault handler. */
  fault: (() => void) | undefined

  constructor(machine: Machine, info: CpuMappingInfo) {
    this.#machine = machine
    this.#info = info
    const { attribute, runs, fault } = info.pages
    this.attribute = attribute
    this.#pageTable = fault === undefined ? undefined : new PresentPages()
    this.#table = { runs, segments: [], size: info.length }
    this.#bytes = this.#bytesOf(info)
    info.brackets?.addMapping(this)
    this.#emitMap('cpu-map')
  }

  get info(): CpuMappingInfo {
    return this.#info
  }

  /** Loads bytes at `offset` of the mapping; the event has the hazards. */
  load(offset: number, target: Uint8Array): void {
    this.#present(offset, offset + target.length)
    this.#machine.countLoad(target.length, this.attribute)
    this.#bytes.load(offset, target)
  }

  /** Bytes at `offset`, for the process's own copy of their page: no access of the program's. */
  copyOut(offset: number, target: Uint8Array): void {
    this.#present(offset, offset + target.length)
    this.#bytes.peek(offset, target)
  }

  /** Emits an access to the process's own copy of bytes `[start, end)` of the mapping. */
  emitPrivate(kind: 'private-load' | 'private-store', start: number, end: number): void {
    const { buffer, id: mapping, offset } = this.#info
    this.#machine.cost.cpuBytes += end - start
    const range = { start: offset + start, end: offset + end }
    this.#machine.events.emit({ kind, buffer, mapping, range })
  }

  /** Stores `source` at `offset` of the mapping. */
  store(offset: number, source: Uint8Array): void {
    this.#present(offset, offset + source.length)
    this.#bytes.store(offset, source)
  }

  /**
   * An array over bytes `[start, end)` of the mapping, or undefined if they do not lie in one
   * piece. `writeOnly` says that its CPU access is for writing alone.
   */
  handOut(
    start: number,
    end: number,
    scope: 'bracket' | 'mapping',
    writeOnly: boolean,
  ): HandedOut | undefined {
    this.#present(start, end)
    let place: { storage: Storage; from: number; to: number } | undefined
    let pieces = 0
    eachRun(this.#table, start, end, (storage, from, to) => {
      pieces++
      place = { storage, from, to }
    })
    if (place === undefined || pieces !== 1) return undefined
    const { storage, from, to } = place
    const again = this.#sameView(storage, from, to, scope)
    if (again === undefined && this.attribute === 'cached') {
      this.#machine.memory.prepareView(storage, { start: from, end: to }, { scope, writeOnly })
    }
    // Loads through the array of an access are not seen: the rules presume one of all bytes.
    if (scope === 'bracket' && !writeOnly) this.#machine.countLoad(to - from, this.attribute)
    // A store through an array that is still alive came before this: looking for hazards finds it.
    const shift = this.#info.offset + start - from
    const taken = this.#emitView(storage, { from, to, shift, scope })
    if (again !== undefined) {
      again.view.taken = taken
      return again
    }
    return this.#keep(storage, { from, to, shift, scope, taken })
  }

  /** The array that was handed out for the same bytes and is still alive. */
  #sameView(
    storage: Storage,
    from: number,
    to: number,
    scope: LiveView['scope'],
  ): HandedOut | undefined {
    for (const handedOut of this.#handedOut) {
      const { view } = handedOut
      if (handedOut.storage !== storage || isTransferred(handedOut)) continue
      if (view.start === from && view.end === to && view.scope === scope) return handedOut
    }
    return undefined
  }

  #emitView(
    storage: Storage,
    what: { from: number; to: number; shift: number; scope: LiveView['scope'] },
  ): number {
    return this.#tellView(what, this.#hazards(storage, what))
  }

  /** The hazards of a read of the bytes at this moment. */
  #hazards(
    storage: Storage,
    { from, to, shift }: { from: number; to: number; shift: number },
  ): Hazard[] {
    return this.#machine.memory
      .cpuHazards(storage, from, to, this.attribute)
      .map((hazard) => shifted(hazard, shift))
  }

  #tellView(
    what: { from: number; to: number; shift: number; scope: LiveView['scope']; kept?: true },
    hazards: readonly Hazard[],
  ): number {
    const { id, buffer } = this.#info
    const { from, to, shift, scope, kept } = what
    return this.#machine.events.emit({
      kind: 'cpu-view',
      buffer,
      mapping: id,
      range: { start: from + shift, end: to + shift },
      scope,
      ...(kept === true ? { kept } : {}),
      hazards,
    })
  }

  /** Looks for stores through every array that is alive. */
  reconcile(): void {
    for (const { storage, view } of this.#handedOut) {
      this.#machine.memory.reconcile(storage, view.start, view.end)
    }
  }

  /** Emits the view of every array of the mapping itself that may show old bytes now. */
  retakeViews(): void {
    for (const { storage, view } of this.#handedOut) {
      const { start: from, end: to, shift, scope } = view
      if (scope !== 'mapping') continue
      const hazards = this.#hazards(storage, { from, to, shift })
      if (hazards.length > 0) this.#tellView({ from, to, shift, scope, kept: true }, hazards)
    }
  }

  /** The id of the event that comes next. */
  get nextEvent(): number {
    return this.#machine.events.latest + 1
  }

  /**
   * A byte was touched through a checked array after its end: that of its CPU access, in the event
   * `ended`, or of the mapping. Nothing is loaded or stored.
   */
  touchedDead(
    access: 'load' | 'store',
    offset: number,
    ended: number | undefined,
    origin: EventOrigin | undefined,
  ): void {
    const start = this.#info.offset + offset
    this.#machine.events.emit({
      kind: access === 'load' ? 'cpu-load' : 'cpu-store',
      buffer: this.#info.buffer,
      mapping: this.#info.id,
      range: { start, end: start + 1 },
      seen: 'exact',
      viewEnded: ended ?? this.#unmapped ?? this.#machine.events.latest,
      hazards: [],
      origin,
    })
  }

  /** The array has ended. */
  forget(handedOut: HandedOut): void {
    this.#handedOut.delete(handedOut)
  }

  /**
   * unmap_mapping_range of bytes of the buffer: no pages are there until the next access. Arrays end, since
   * none of the host's can be moved to other pages.
   */
  zap({ start, end }: Range): void {
    if (this.#isZapped) return
    const { offset, length } = this.#info
    const from = Math.max(0, start - offset)
    const to = Math.min(length, end - offset)
    if (from >= to) return
    if (this.#pageTable !== undefined) {
      this.#zapPages(this.#pageTable, from, to)
      return
    }
    this.endViews(0, length)
    this.#isZapped = true
    this.#emitMap('cpu-map')
  }

  #zapPages(pageTable: PresentPages, start: number, end: number): void {
    for (const range of pageTable.remove(start, end)) {
      this.endViews(range.start, range.end)
      this.#machine.cost.zapped += pagesIn(range)
      this.#emitPages('cpu-zap', range)
    }
  }

  /** Page faults: the exporter's handler runs before the pages get their entries. */
  #faultIn(pageTable: PresentPages, start: number, end: number): void {
    const { offset, pages } = this.#info
    for (const range of pageTable.missing(start, end)) {
      pages.fault?.({ start: offset + range.start, end: offset + range.end })
      pageTable.add(range)
      this.#machine.cost.faults += pagesIn(range)
      this.#emitPages('cpu-fault', range)
    }
  }

  #emitPages(kind: 'cpu-fault' | 'cpu-zap', { start, end }: Range): void {
    const { buffer, id: mapping, offset, length } = this.#info
    const range = { start: offset + start, end: offset + Math.min(end, length) }
    this.#machine.events.emit({ kind, buffer, mapping, range })
  }

  /** Has pages of `[start, end)` put in that are not there. EFAULT where there are none: SIGBUS. */
  #present(start: number, end: number): void {
    if (this.#isZapped) this.fault?.()
    if (this.#pageTable !== undefined) this.#faultIn(this.#pageTable, start, end)
    try {
      eachRun(this.#table, start, end, (storage, from, to) => storage.touch(from, to))
    } catch (error) {
      if (!(error instanceof KernelError)) throw error
      throw new KernelError('EFAULT', `no page can be put in: SIGBUS (${error.message})`)
    }
  }

  /** It has other pages from now on, `length` bytes of them; arrays on pages that stay live on. */
  resize(length: number, pages: CpuPages): void {
    this.#isZapped = false
    this.#info = { ...this.#info, length, pages }
    this.#table = { runs: pages.runs, segments: [], size: length }
    this.#bytes = this.#bytesOf(this.#info)
    this.#emitMap('cpu-map')
  }

  /**
   * Bytes `[start, end)` of the mapping are no longer there: arrays over any of them end, unless
   * another one stands on the same bytes.
   */
  endViews(start: number, end: number): void {
    const gone = new Set<HandedOut>()
    eachRun(this.#table, start, end, (storage, from, to) => {
      for (const handedOut of this.#handedOut) {
        const { view } = handedOut
        const meets = handedOut.storage === storage && view.start < to && view.end > from
        if (meets) gone.add(handedOut)
      }
    })
    for (const handedOut of gone) this.forget(handedOut)
    endArrays(this.#machine, gone)
  }

  /** Unmaps: every array that was handed out ends, unless another one stands on the same bytes. */
  unmap(): void {
    this.endViews(0, this.#info.length)
    this.#info.brackets?.removeMapping(this)
    this.#unmapped = this.#emitMap('cpu-unmap')
  }

  #keep(
    storage: Storage,
    what: { from: number; to: number; shift: number; scope: LiveView['scope']; taken: number },
  ): HandedOut {
    const view: LiveView = {
      start: what.from,
      end: what.to,
      buffer: this.#info.buffer,
      shift: what.shift,
      attribute: this.attribute,
      scope: what.scope,
      taken: what.taken,
      mapping: this.info.id,
      task: this.#machine.scheduler.current.name,
    }
    this.#machine.memory.handOut(storage, view)
    const array = this.#machine.memory.arrayFor(storage, this.attribute)
    const bytes = array.subarray(what.from, what.to)
    view.array = bytes
    const handedOut = { bytes, view, storage }
    this.#handedOut.add(handedOut)
    return handedOut
  }

  #bytesOf({ buffer, id: mapping, offset, pages: { runs } }: CpuMappingInfo): CpuBytes {
    return new CpuBytes(this.#machine, { buffer, mapping, offset, runs, attribute: this.attribute })
  }

  #emitMap(kind: 'cpu-map' | 'cpu-unmap'): number {
    const { buffer, id, offset, length, pages, writable, isPrivate } = this.#info
    return this.#machine.events.emit({
      kind,
      buffer,
      mapping: id,
      range: { start: offset, end: offset + length },
      attribute: this.attribute,
      writable,
      placement: this.#isZapped ? [] : placementOf(this.#table),
      expandable: pages.expandable ?? false,
      isPrivate,
      ...(pages.fault === undefined ? {} : { coherence: 'fault' as const }),
    })
  }
}

/**
 * Ends arrays, of which their mappings know no more. Stores through them are looked for one last time;
 * as long as another array stands on the same bytes, as ones through arrays that ended in the event
 * that comes next.
 */
export function endArrays(machine: Machine, arrays: Iterable<HandedOut>): void {
  const ended = [...arrays]
  const views = new Map<Storage, LiveView[]>()
  for (const { storage, view } of ended) {
    const same = views.get(storage)
    if (same === undefined) views.set(storage, [view])
    else same.push(view)
  }
  for (const [storage, gone] of views) machine.memory.endViews(storage, gone)
  for (const { view } of ended) view.ended = machine.events.latest + 1
}

function pagesIn({ start, end }: Range): number {
  return (end - start) / PAGE_SIZE
}

/** Whether the program gave the array's memory away: it has no bytes although it has not ended. */
export function isTransferred({ bytes, view }: HandedOut): boolean {
  return bytes.length !== view.end - view.start
}
