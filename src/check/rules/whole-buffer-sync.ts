/**
 * Syncs of much more than was touched, by drivers that could know better.
 *
 * An exporter's begin_cpu_access and end_cpu_access cannot: SYNC names no range. So this is about syncs
 * of a user's driver outside of them, of buffers that no array was taken of, whose loads are never seen.
 */
import type {
  CpuAccessEvent,
  DmabufEvent,
  DmaMapEvent,
  DmaSyncEvent,
  Range,
} from '../../events/event.ts'
import type { Collector } from '../collector.ts'
import type { Detector } from '../detectors/detector.ts'
import type { History } from '../model/history.ts'
import { RangeMap } from '../model/range-map.ts'
import type { Rule } from './rule.ts'

export const wholeBufferSync: Rule<'whole-buffer-sync'> = {
  id: 'whole-buffer-sync',
  group: 'C14',
  severity: 'lint',
  claim: 'A driver that knows the touched bytes syncs only these.',
  hardware:
    'The sync walks every line of the range: for 64 MiB about a millisecond, for 4 KiB less than a microsecond.',
  fix: 'Sync only the range: dma_sync_single_range_for_cpu and dma_sync_single_range_for_device.',
  byCalls: 'none',
  detect: ({ history, out }) => new WholeSyncDetector(history, out),
}

/** Below this many bytes a sync costs less than the call. */
const LEAST = 64 * 1024
/** A sync is too large where less than this part of it was touched. */
const PART = 1 / 16
const MOST_RANGES = 64

/** The CPU's accesses to a buffer that a custom driver has mapped. */
interface Touched {
  readonly stored: RangeMap<true>
  readonly loaded: RangeMap<true>
  /** Unobserved accesses are possible. */
  unseen: boolean
  /** A sync for the CPU that is judged by the loads after it. */
  forCpu: DmaSyncEvent | undefined
}

class WholeSyncDetector implements Detector {
  readonly #history: History
  readonly #out: Collector
  readonly #touched = new Map<number, Touched>()

  constructor(history: History, out: Collector) {
    this.#history = history
    this.#out = out
  }

  before(event: DmabufEvent): void {
    switch (event.kind) {
      case 'dma-map':
        this.#mapped(event)
        return
      case 'dma-sync':
        // SYNC has no range that the exporter's operation could use.
        if (event.driver?.modelled === false && event.during === undefined) this.#synced(event)
        return
      case 'cpu-load':
      case 'cpu-store':
        this.#access(event)
        return
      case 'cpu-view': {
        const touched = this.#touched.get(event.buffer)
        if (touched !== undefined) touched.unseen = true
        return
      }
      case 'dma-unmap':
        this.#ended(event)
        return
      default:
        return
    }
  }

  #mapped({ buffer, driver }: DmaMapEvent): void {
    if (driver?.modelled !== false || this.#touched.has(buffer)) return
    this.#touched.set(buffer, {
      stored: new RangeMap(MOST_RANGES),
      loaded: new RangeMap(MOST_RANGES),
      unseen: false,
      forCpu: undefined,
    })
  }

  #access({ kind, buffer, range, seen }: CpuAccessEvent): void {
    const touched = this.#touched.get(buffer)
    if (touched === undefined) return
    if (seen !== 'exact') touched.unseen = true
    if (kind === 'cpu-load') touched.loaded.set(range, true)
    else touched.stored.set(range, true)
  }

  #synced(sync: DmaSyncEvent): void {
    const touched = this.#touched.get(sync.buffer)
    if (touched === undefined) return
    if (sync.to === 'cpu') {
      this.#judge(touched.forCpu, touched, touched.loaded)
      touched.forCpu = sync.direction === 'to-device' ? undefined : sync
      touched.loaded.clear()
      return
    }
    if (sync.direction !== 'from-device') this.#judge(sync, touched, touched.stored)
    touched.stored.clear()
  }

  #ended({ buffer }: DmaMapEvent): void {
    const touched = this.#touched.get(buffer)
    if (touched === undefined) return
    this.#judge(touched.forCpu, touched, touched.loaded)
    if (this.#history.buffer(buffer).dma.size <= 1) this.#touched.delete(buffer)
  }

  #judge(sync: DmaSyncEvent | undefined, touched: Touched, ranges: RangeMap<true>): void {
    if (sync === undefined || touched.unseen || ranges.isFull) return
    const length = sync.range.end - sync.range.start
    const used = ranges.within(sync.range)
    if (length < LEAST || used.length === 0) return
    const bytes = used.reduce((sum, { start, end }) => sum + end - start, 0)
    if (bytes < length * PART) this.#report(sync, used, bytes)
  }

  #report(sync: DmaSyncEvent, used: readonly Range[], bytes: number): void {
    const { buffer, device, to, driver, range } = sync
    const done = to === 'cpu' ? 'read' : 'stored'
    const first = used[0] as Range
    const where = used.length === 1 ? `: ${first.start} to ${first.end}` : ''
    this.#out.lint({
      rule: 'whole-buffer-sync',
      event: sync,
      message: `${driver?.name} syncs ${range.end - range.start} bytes of ${this.#history.buffer(buffer).name} for the ${to === 'cpu' ? 'CPU' : `device ${device}`} (event ${sync.id}), of which ${bytes} were ${done}${where}.`,
      because: { text: `Only ${bytes} bytes were ${done}.`, event: sync.id, origin: sync.origin },
      origin: sync.origin,
      buffer,
    })
  }
}
