/** CPU mappings: left behind, of two kinds at once, larger than their buffer, and arrays that ended. */
import { PAGE_SIZE } from '../../abi/fcntl.ts'
import type {
  BufferId,
  CallEvent,
  CpuAccessEvent,
  CpuMapEvent,
  DmabufEvent,
  ProgramEndEvent,
} from '../../events/event.ts'
import type { Collector } from '../collector.ts'
import type { History } from '../model/history.ts'
import { MappedRanges } from '../model/mapped-ranges.ts'
import { isSameBytes } from '../model/placements.ts'
import { pages } from '../model/process-areas.ts'
import { agentName, bytesOf } from '../words.ts'
import type { Detector } from './detector.ts'

const EINVAL = -22

export class MappingDetector implements Detector {
  readonly #history: History
  readonly #out: Collector
  /** By descriptor. */
  readonly #buffers = new Map<number, number | undefined>()
  /** The mappings whose bytes CPU accesses have handed out. */
  readonly #ofAccesses = new Set<string>()
  /** Every mapping that is there. */
  readonly #mapped = new MappedRanges()
  /** The same of descriptors that are open, and that the program has to close. */
  readonly #open = new Map<number, number | undefined>()
  /** The range that was unmapped last: most likely the end of the array that is gone. */
  #lastEnd: DmabufEvent | undefined
  #lastUnmap: DmabufEvent | undefined

  constructor(history: History, out: Collector) {
    this.#history = history
    this.#out = out
  }

  before(event: DmabufEvent): void {
    switch (event.kind) {
      case 'fd-open':
        this.#buffers.set(event.fd, event.buffer)
        if (event.from !== 'elsewhere') this.#open.set(event.fd, event.buffer)
        return
      case 'fd-close':
        this.#open.delete(event.fd)
        return
      case 'cpu-view':
        if (event.scope === 'bracket') this.#ofAccesses.add(`${event.buffer} ${event.mapping}`)
        return
      case 'cpu-load':
      case 'cpu-store':
        if (this.#isMappedFor(event)) this.#ofAccesses.add(`${event.buffer} ${event.mapping}`)
        return
      case 'cpu-map':
        this.#mappedBy(event)
        return
      case 'cpu-unmap':
        this.#unmappedBy(event)
        this.#lastUnmap = event
        return
      case 'cpu-access-end':
        this.#lastEnd = event
        return
      case 'call':
        if (event.phase === 'exit' && event.result === EINVAL) this.#tooLarge(event)
        return
      case 'program-end':
        this.#ended(event)
        return
      default:
        return
    }
  }

  /** Whether the call that loads or stores has made the mapping as well: an access does so the first time. */
  #isMappedFor({ buffer, mapping, origin }: CpuAccessEvent): boolean {
    if (mapping === undefined || origin === undefined) return false
    return this.#history.buffer(buffer).cpuMaps.get(mapping)?.origin === origin
  }

  /** The program maps it, or maps other bytes of it than before. */
  #mappedBy(event: CpuMapEvent): void {
    const { buffer, mapping, range } = event
    const before = this.#history.buffer(buffer).cpuMaps.get(mapping)
    if (before !== undefined) this.#mapped.delete(before)
    const other = this.#mapped.aliasOf(event, buffer, range) ?? this.#aliasElsewhere(event)
    if (other !== undefined) this.#aliases(event, other)
    this.#mapped.add(event)
  }

  #unmappedBy({ buffer, mapping }: CpuMapEvent): void {
    this.#ofAccesses.delete(`${buffer} ${mapping}`)
    const map = this.#history.buffer(buffer).cpuMaps.get(mapping)
    if (map !== undefined) this.#mapped.delete(map)
  }

  #aliases(event: CpuMapEvent, other: CpuMapEvent): void {
    const { attribute, range, buffer } = event
    this.#out.report({
      rule: 'attribute-alias',
      event,
      message: `${agentName(event.agent)} maps ${bytesOf(range, buffer)} ${attribute} (event ${event.id}) while the mapping that ${agentName(other.agent)} made at event ${other.id} is ${other.attribute}.`,
      because: {
        text: `The ${other.attribute} mapping was not unmapped before.`,
        event: other.id,
        origin: other.origin,
      },
      origin: event.origin,
      related: [{ label: 'the other mapping was made here', origin: other.origin }],
      buffer,
      range,
    })
  }

  /** A mapping of the same memory as that of another buffer. */
  #aliasElsewhere(event: CpuMapEvent): CpuMapEvent | undefined {
    const { buffer, range } = event
    for (const neighbour of this.#history.neighbours(buffer, range)) {
      if (!isSameBytes(neighbour, neighbour.range, range)) continue
      const { buffer: id, shift, range: theirs } = neighbour
      const same = {
        start: Math.max(theirs.start, range.start - shift),
        end: Math.min(theirs.end, range.end - shift),
      }
      const other = this.#mapped.aliasOf(event, id, same)
      if (other !== undefined) return other
    }
    return undefined
  }

  #tooLarge(event: CallEvent): void {
    const { name, fd, length, offset = 0, agent, id, origin } = event
    const known = event.buffer ?? (fd === undefined ? undefined : this.#buffers.get(fd))
    if (known === undefined || length === undefined) return
    const { size, exported, exporter } = this.#history.buffer(known)
    if (size === undefined) return
    if (name === 'mmap' && offset % PAGE_SIZE !== 0) {
      this.#unaligned(event, known, offset)
      return
    }
    const fits =
      name === 'mmap'
        ? offset + pages(length) <= size - (size % PAGE_SIZE)
        : offset + length <= size
    if (fits) return
    this.#out.report({
      rule: 'out-of-range',
      event,
      message: `${agentName(agent)} calls ${name} for bytes ${offset} to ${offset + length} (event ${id}) of buffer ${known}, which ${exporter} exported with ${size} bytes.`,
      because: {
        text: `The buffer was exported with ${size} bytes.`,
        event: exported?.id,
        origin: exported?.origin,
      },
      origin,
      related: [{ label: 'the buffer was exported here', origin: exported?.origin }],
      buffer: known,
      range: { start: offset, end: offset + length },
    })
  }

  /** mmap maps whole pages: the offset that a format gives a plane is often none. */
  #unaligned(event: CallEvent, buffer: BufferId, offset: number): void {
    const { agent, id, origin, length = 0 } = event
    const page = offset - (offset % PAGE_SIZE)
    this.#out.report({
      rule: 'out-of-range',
      kind: 'unaligned',
      event,
      message: `${agentName(agent)} calls mmap at offset ${offset} (event ${id}) of buffer ${buffer}, which is not a multiple of the page size ${PAGE_SIZE}.`,
      because: { text: 'mmap maps whole pages, and fails with EINVAL at any other offset.' },
      origin,
      buffer,
      range: { start: offset, end: offset + length },
      hardware: 'mmap fails with EINVAL, and the bytes are not mapped.',
      fix: `Map from the page before, at ${page}, and skip the first ${offset - page} bytes, or map the whole buffer once and take each plane at its offset in it.`,
    })
  }

  #ended(event: ProgramEndEvent): void {
    if (event.usesEnded === true) this.#usedDead(event)
    if (event.how !== 'returned') return
    const open = new Set(this.#open.values())
    for (const { cpuMaps, id } of this.#history.buffers) {
      for (const map of cpuMaps.values()) {
        if (map.agent.kind !== 'task') continue
        // Mappings of CPU accesses end with the buffer: its descriptor was not closed.
        if (open.has(id) && this.#ofAccesses.has(`${id} ${map.mapping}`)) continue
        this.#out.report({
          rule: 'map-leak',
          event: map,
          message: `${agentName(map.agent)} mapped ${bytesOf(map.range, id)} (event ${map.id}), and the mapping is still there when the program ends.`,
          because: { text: 'No munmap of it was seen.' },
          origin: map.origin,
          buffer: id,
          range: map.range,
        })
      }
    }
  }

  #usedDead(event: ProgramEndEvent): void {
    // A program that throws unmaps on its way out, long after the array died with its access.
    const ended = this.#lastEnd ?? this.#lastUnmap
    const how = ended?.kind === 'cpu-unmap' ? 'the mapping was unmapped' : 'the CPU access ended'
    const by =
      ended === undefined ? '' : ` that ${agentName(ended.agent)} ended at event ${ended.id}`
    this.#out.report({
      rule: 'use-after-release',
      event,
      message: `${agentName(event.agent)} uses bytes of a CPU access or mapping${by}: ${firstLine(event.error)}.`,
      because:
        ended === undefined
          ? { text: 'No CPU access was open.' }
          : {
              text: `At event ${ended.id} ${how}, and its arrays ended with it.`,
              event: ended.id,
              origin: ended.origin,
            },
      origin: event.origin ?? ended?.origin,
      related: [{ label: how, origin: ended?.origin }],
      buffer: ended !== undefined && 'buffer' in ended ? ended.buffer : undefined,
    })
  }
}

function firstLine(text = ''): string {
  return (text.split('\n')[0] ?? '').replace(/\.$/, '')
}
