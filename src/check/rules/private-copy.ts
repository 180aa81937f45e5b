/**
 * MAP_PRIVATE mappings: stores of the process stay in its copy of the page, and later stores of
 * others do not reach that copy. Source: do_cow_fault and wp_page_copy of mm/memory.c of Linux
 * 6.12.
 */
import { PAGE_SIZE } from '../../abi/fcntl.ts'
import type {
  BufferId,
  CpuMapEvent,
  DeviceAccessEvent,
  DmabufEvent,
  PrivateAccessEvent,
  Range,
} from '../../events/event.ts'
import type { Collector, Draft } from '../collector.ts'
import type { Deferred } from '../detectors/deferred.ts'
import type { Detector } from '../detectors/detector.ts'
import type { BufferHistory } from '../model/buffer-history.ts'
import type { History } from '../model/history.ts'
import { overlaps, RangeMap } from '../model/range-map.ts'
import type { Store } from '../model/store.ts'
import { agentName, bytesOf, writerName } from '../words.ts'
import type { Rule } from './rule.ts'

export const privateCopy: Rule<'private-copy'> = {
  id: 'private-copy',
  group: 'C6',
  severity: 'error',
  claim: 'Shared memory is stored to and read through a MAP_SHARED mapping.',
  hardware:
    'The first store to a page of a MAP_PRIVATE mapping makes a copy for the process: devices and other mappings never see the store, and the process never sees theirs.',
  fix: 'Map the buffer MAP_SHARED: SYNC and devices use the shared memory only.',
  // Seen: stores in a CPU access. Unseen: bytes that a device or the copy lacks, and arrays of such mappings.
  byCalls: 'part',
  detect: ({ history, out, deferred }) => new PrivateDetector(history, out, deferred),
}

const MOST_STORES = 64

interface PrivateMapping {
  readonly map: CpuMapEvent
  /** The first store to each page, by the page's number in the buffer. */
  readonly copies: Map<number, PrivateAccessEvent>
}

interface PrivateStore {
  readonly event: PrivateAccessEvent
  readonly map: CpuMapEvent
}

class PrivateDetector implements Detector {
  readonly #history: History
  readonly #out: Collector
  readonly #deferred: Deferred
  readonly #mappings = new Map<number, PrivateMapping>()
  /** Stores that matter once a device reads the bytes. */
  readonly #stored = new Map<BufferId, RangeMap<PrivateStore>>()

  constructor(history: History, out: Collector, deferred: Deferred) {
    this.#history = history
    this.#out = out
    this.#deferred = deferred
  }

  after(event: DmabufEvent): void {
    switch (event.kind) {
      case 'cpu-map':
        if (event.isPrivate === true && !this.#mappings.has(event.mapping)) {
          this.#mappings.set(event.mapping, { map: event, copies: new Map() })
        }
        return
      case 'cpu-unmap':
        if (event.isPrivate === true) this.#mappings.delete(event.mapping)
        return
      case 'private-store':
        this.#storedPrivately(event)
        return
      case 'private-load':
        this.#loadedPrivately(event)
        return
      case 'device-load':
        if (this.#stored.size > 0) this.#deviceReads(event)
        return
      case 'cpu-store':
      case 'device-store':
        // A device cannot miss the earlier content.
        this.#stored.get(event.buffer)?.delete(event.range)
        return
      case 'release':
        this.#stored.delete(event.buffer)
        return
      default:
        return
    }
  }

  #storedPrivately(event: PrivateAccessEvent): void {
    const mapping = this.#mappings.get(event.mapping)
    if (mapping === undefined) return
    const { map, copies } = mapping
    const page = Math.floor(event.range.start / PAGE_SIZE)
    if (!copies.has(page)) copies.set(page, event)
    const buffer = this.#history.buffer(event.buffer)
    const store = { event, map }
    // A START that announces stores means those of the buffer; one that does not allows a scratch copy.
    if (buffer.openFor('write') !== undefined)
      this.#deferred.report(buffer, storeDraft(buffer, store))
    else if (buffer.openFor('read') === undefined) this.#keep(buffer, store)
  }

  #keep({ id }: BufferHistory, store: PrivateStore): void {
    const kept = this.#stored.get(id) ?? new RangeMap<PrivateStore>(MOST_STORES)
    this.#stored.set(id, kept)
    kept.set(store.event.range, store)
  }

  #deviceReads(event: DeviceAccessEvent): void {
    for (const { id, range } of this.#sameBytes(event.buffer, event.range)) {
      const kept = this.#stored.get(id)
      const store = kept?.latest(range)
      if (store === undefined) continue
      kept?.delete(range)
      this.#out.report(storeDraft(this.#history.buffer(id), store, event))
    }
  }

  #loadedPrivately(event: PrivateAccessEvent): void {
    const mapping = this.#mappings.get(event.mapping)
    const copied = mapping?.copies.get(Math.floor(event.range.start / PAGE_SIZE))
    if (mapping === undefined || copied === undefined) return
    const missed = this.#storedSince(copied, event)
    if (missed === undefined) return
    const { map } = mapping
    const buffer = this.#history.buffer(event.buffer)
    this.#out.report({
      rule: 'private-copy',
      event,
      message: `${agentName(event.agent)} reads ${bytesOf(event.range, buffer)} (event ${event.id}) from the private copy that its store at event ${copied.id} made, and misses the later store of ${writerName(missed)} (event ${missed.event.id}).`,
      because: atMmap(map),
      origin: map.origin ?? event.origin,
      related: [
        { label: 'the read is here', origin: event.origin },
        { label: 'the store that made the copy is here', origin: copied.origin },
        { label: `${writerName(missed)} stored here`, origin: missed.origin },
      ],
      buffer: event.buffer,
      range: event.range,
    })
  }

  /** Stores to the shared page since it was copied. */
  #storedSince(
    copied: PrivateAccessEvent,
    { buffer, range }: PrivateAccessEvent,
  ): Store | undefined {
    const isLater = (store: Store | undefined): boolean => (store?.event.id ?? 0) > copied.id
    for (const same of this.#sameBytes(buffer, range)) {
      const history = this.#history.buffer(same.id)
      const byDevice = history.deviceStores.latest(same.range)
      if (isLater(byDevice)) return byDevice
      // The CPU's own stores matter where devices share them: a file may well have several versions.
      if (same.id < 0) continue
      const byCpu = history.cpuStoreAfter(copied.id, ({ event }) =>
        overlaps(event.range, same.range),
      )
      if (byCpu !== undefined) return byCpu
    }
    return undefined
  }

  /** The range, and where other buffers have the same bytes. */
  #sameBytes(buffer: BufferId, range: Range): { id: BufferId; range: Range }[] {
    const others = this.#history.neighbours(buffer, range).map((other) => ({
      id: other.buffer,
      range: { start: range.start - other.shift, end: range.end - other.shift },
    }))
    return [{ id: buffer, range }, ...others]
  }
}

function storeDraft(
  buffer: BufferHistory,
  { event, map }: PrivateStore,
  reader?: DeviceAccessEvent,
): Draft {
  const missedBy =
    reader === undefined ? '' : `, and ${reader.device} reads without it (event ${reader.id})`
  return {
    rule: 'private-copy',
    event,
    message: `${agentName(event.agent)} stores to ${bytesOf(event.range, buffer)} (event ${event.id}) through a mapping that is MAP_PRIVATE: the store goes to a private copy of the process${missedBy}.`,
    because: atMmap(map),
    origin: map.origin ?? event.origin,
    related: [{ label: 'the store is here', origin: event.origin }],
    buffer: event.buffer,
    range: event.range,
  }
}

function atMmap({ id, origin }: CpuMapEvent): Draft['because'] {
  return { text: `The mapping was made MAP_PRIVATE at event ${id}.`, event: id, origin }
}
