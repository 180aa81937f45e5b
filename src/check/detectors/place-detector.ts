/** Memory that a custom exporter uses twice, as different bytes of one buffer. */
import type { CpuMapEvent, DmabufEvent, DmaMapEvent, Range } from '../../events/event.ts'
import type { Collector } from '../collector.ts'
import type { History } from '../model/history.ts'
import { agentName, bytesOf } from '../words.ts'
import type { Detector } from './detector.ts'

type MapEvent = CpuMapEvent | DmaMapEvent

/** A piece of a mapping, with the bytes of the buffer that it stands for. */
interface Piece {
  readonly start: number
  readonly offset: number
  readonly length: number
}

export class PlaceDetector implements Detector {
  readonly #history: History
  readonly #out: Collector

  constructor(history: History, out: Collector) {
    this.#history = history
    this.#out = out
  }

  before(event: DmabufEvent): void {
    if (event.kind !== 'cpu-map' && event.kind !== 'dma-map') return
    const { driver, cpuMaps, dma } = this.#history.buffer(event.buffer)
    // Two devices' mappings are not compared: bytes that no CPU is shown may lie as the exporter likes.
    if (driver?.modelled !== false || event.placement === undefined) return
    const others =
      event.kind === 'cpu-map' ? [...cpuMaps.values(), ...dma.values()] : cpuMaps.values()
    for (const other of others) {
      const twice = givenTwice(event, other)
      if (twice === undefined) continue
      this.#report(event, other, twice)
      return
    }
  }

  #report(event: MapEvent, other: MapEvent, { here, there }: { here: Range; there: Range }): void {
    const buffer = this.#history.buffer(event.buffer)
    const { exporter, exported } = buffer
    this.#out.report({
      rule: 'driver-contract',
      kind: 'place',
      event,
      message: `${exporter} maps ${bytesOf(here, buffer)} for ${whose(event)} (event ${event.id}) where ${whose(other)} has its bytes ${there.start} to ${there.end}.`,
      because: {
        text: `The same memory was mapped at event ${other.id} at a different offset.`,
        event: other.id,
        origin: other.origin,
      },
      origin: exported?.origin ?? event.origin,
      related: [{ label: 'it was mapped here', origin: event.origin }],
      buffer: event.buffer,
      range: here,
      fix: 'Add the offset of mmap to the start of the buffer, and map the buffer from its start elsewhere.',
    })
  }
}

function whose(event: MapEvent): string {
  return event.kind === 'dma-map' ? event.device : agentName(event.agent)
}

/** Bytes of both mappings that lie in one place and are not the same bytes of the buffer. */
function givenTwice(one: MapEvent, other: MapEvent): { here: Range; there: Range } | undefined {
  const theirs = byStorage(other)
  for (const [storage, pieces] of byStorage(one)) {
    for (const a of pieces) {
      for (const b of theirs.get(storage) ?? []) {
        const from = Math.max(a.offset, b.offset)
        const to = Math.min(a.offset + a.length, b.offset + b.length)
        if (from < to && a.offset - a.start !== b.offset - b.start) {
          return { here: inBuffer(a, from, to), there: inBuffer(b, from, to) }
        }
      }
    }
  }
  return undefined
}

function byStorage({ placement = [], range }: MapEvent): Map<number, Piece[]> {
  const found = new Map<number, Piece[]>()
  let start = range?.start ?? 0
  for (const { storage, offset, length } of placement) {
    const pieces = found.get(storage) ?? []
    found.set(storage, pieces)
    pieces.push({ start, offset, length })
    start += length
  }
  return found
}

function inBuffer({ start, offset }: Piece, from: number, to: number): Range {
  return { start: from - offset + start, end: to - offset + start }
}
