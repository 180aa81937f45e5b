/**
 * Accesses to addresses where nothing is any more: parts of a mapping that munmap or mremap has ended,
 * and pages behind the end of a file. On Linux they are signals, SIGSEGV and SIGBUS.
 * Source: exc_page_fault of arch/x86/mm/fault.c and filemap_fault, shmem_fault of mm/ of Linux 6.12.
 */
import type {
  BufferId,
  CallEvent,
  CpuMapEvent,
  DmabufEvent,
  EventId,
  MemoryEvent,
} from '../../events/event.ts'
import type { Collector } from '../collector.ts'
import { type Area, type GoneArea, ProcessAreas, pages } from '../model/process-areas.ts'
import { agentName } from '../words.ts'
import type { Detector } from './detector.ts'

const EFAULT = -14
const SIGSEGV =
  'The process gets SIGSEGV; where another mapping has come to the address, its bytes are hit.'
const SIGBUS = 'The process gets SIGBUS: no page of the file is there.'

/** Memory that is a file, as its size changes. */
interface FileSize {
  readonly what: string
  readonly size: number
  /** The event in which it became shorter, if it is no longer since. */
  readonly cut: MemoryEvent | undefined
}

export class AreaDetector implements Detector {
  readonly #out: Collector
  readonly #areas = new ProcessAreas()
  readonly #files = new Map<BufferId, FileSize>()
  /** Files that were reported to be too short, by the event in which they became so. */
  readonly #reported = new Set<EventId>()
  /** Areas mapped by an mmap call that has not returned yet. */
  #latest: CpuMapEvent | undefined

  constructor(out: Collector) {
    this.#out = out
  }

  before(event: DmabufEvent): void {
    switch (event.kind) {
      case 'memory':
        this.#sized(event)
        return
      case 'release':
        this.#files.delete(event.buffer)
        return
      case 'cpu-map':
        if (event.agent.kind === 'task') this.#latest = event
        return
      case 'call':
        if (event.phase === 'enter') this.#latest = undefined
        else this.#returned(event)
        return
      default:
        return
    }
  }

  #sized(event: MemoryEvent): void {
    const { buffer, size, what } = event
    const before = this.#files.get(buffer)
    const isCut = before !== undefined && size < before.size
    const stays = before?.cut !== undefined && size === before.size
    this.#files.set(buffer, { what, size, cut: isCut ? event : stays ? before.cut : undefined })
  }

  #returned(event: CallEvent): void {
    const { name, result } = event
    if (result === undefined) return
    if (name === 'mmap' && result > 0) this.#areas.mapped(event, this.#latest?.buffer)
    else if (name === 'munmap' && result === 0) this.#areas.unmapped(event)
    else if (name === 'mremap' && result > 0) this.#areas.remapped(event)
    else if (result === EFAULT && (name === 'load' || name === 'store' || name === 'view')) {
      this.#faulted(event)
    }
  }

  /** Looks for the first byte that is not there. None: the mapping may not be read or written. */
  #faulted(event: CallEvent): void {
    const { address = 0, length = 1 } = event
    for (let at = address; at < address + length; ) {
      const area = this.#areas.at(at)
      if (area === undefined) {
        this.#missing(event, at)
        return
      }
      const end = area.start + this.#lengthOf(area)
      if (end <= at) {
        this.#beyondFile(event, area)
        return
      }
      at = end
    }
  }

  /** Bytes of an area that its file has. */
  #lengthOf({ start, end, at, mapped, buffer }: Area): number {
    const size = this.#fileOf(buffer)?.size
    if (size === undefined) return end - start
    return Math.min(end - start, pages(size) - (mapped.offset ?? 0) - at)
  }

  #fileOf(buffer: BufferId | undefined): FileSize | undefined {
    return buffer === undefined || buffer >= 0 ? undefined : this.#files.get(buffer)
  }

  #missing(event: CallEvent, at: number): void {
    const gone = this.#areas.goneAt(at)
    if (gone !== undefined) this.#usedGone(event, gone)
    else this.#pastEnd(event, at)
  }

  #usedGone(event: CallEvent, gone: GoneArea): void {
    const { mapped, ended } = gone
    const how = howItEnded(gone)
    this.#out.report({
      rule: 'use-after-release',
      event,
      message: `${agentName(event.agent)} uses bytes of a mapping (${event.name}, event ${event.id}) ${how}.`,
      because: {
        text: `${ended.name} at event ${ended.id} unmapped the bytes.`,
        event: ended.id,
        origin: ended.origin,
      },
      origin: event.origin,
      related: [
        {
          label: ended.name === 'munmap' ? 'it was unmapped here' : 'it was remapped here',
          origin: ended.origin,
        },
        { label: 'it was mapped here', origin: mapped.origin },
      ],
      hardware: SIGSEGV,
      fix:
        ended.name === 'munmap'
          ? 'Unmap the bytes after their last use, and no others with them.'
          : 'Use the address that mremap returned, within its new length.',
    })
  }

  /** The first byte past an area that ends before the access does, or right where it begins. */
  #pastEnd(event: CallEvent, at: number): void {
    const area = this.#areas.before(at)
    if (area === undefined) return
    const { mapped, start } = area
    const { address = 0, length = 1 } = event
    const from = area.at + address - start
    this.#out.report({
      rule: 'out-of-range',
      event,
      message: `${agentName(event.agent)} uses bytes ${from} to ${from + length} of a mapping (${event.name}, event ${event.id}) that ${agentName(mapped.agent)} made with ${area.at + area.end - start} bytes.`,
      because: {
        text: `The mapping made at event ${mapped.id} ends before these bytes.`,
        event: mapped.id,
        origin: mapped.origin,
      },
      origin: event.origin,
      related: [{ label: 'it was mapped here', origin: mapped.origin }],
    })
  }

  /** One finding for a file that became too short, wherever it is used after that. */
  #beyondFile(event: CallEvent, { buffer, mapped, start, at }: Area): void {
    const file = this.#fileOf(buffer)
    if (file === undefined) return
    const { what, size, cut } = file
    const { address = 0, length = 1 } = event
    if (cut !== undefined && this.#reported.has(cut.id)) return
    if (cut !== undefined) this.#reported.add(cut.id)
    const from = (mapped.offset ?? 0) + at + address - start
    const has =
      cut === undefined ? `has ${size} bytes` : `was cut to ${size} bytes at event ${cut.id}`
    this.#out.report({
      rule: 'out-of-range',
      kind: 'file',
      event,
      message: `${agentName(event.agent)} uses bytes ${from} to ${from + length} of ${what} through a mapping (${event.name}, event ${event.id}), and the file ${has}.`,
      because:
        cut === undefined
          ? { text: `The file was never longer than ${size} bytes since it was mapped.` }
          : {
              text: `The file became shorter at event ${cut.id}, while it was mapped.`,
              event: cut.id,
              origin: cut.origin,
            },
      origin: event.origin,
      related: [
        { label: 'the file was cut here', origin: cut?.origin },
        { label: 'it was mapped here', origin: mapped.origin },
      ],
      buffer,
      range: { start: from, end: from + length },
      hardware: SIGBUS,
      fix: 'Seal the file against shrinking (F_SEAL_SHRINK) before it is shared and refuse one without the seal, or map no more than the size that lseek to the end returns.',
    })
  }
}

function howItEnded({ mapped, ended, at, start, end }: GoneArea): string {
  const who = agentName(ended.agent)
  const when = `at event ${ended.id}`
  const bytes = `bytes ${at} to ${at + end - start}`
  if (ended.name === 'mremap') {
    return ended.result === ended.address
      ? `of which ${who} had cut off ${bytes} ${when}`
      : `that ${who} had moved elsewhere ${when}`
  }
  const isWhole = at === 0 && end - start === pages(mapped.length ?? 0)
  return isWhole
    ? `that ${who} had unmapped ${when}`
    : `of which ${who} had unmapped ${bytes} ${when}`
}
