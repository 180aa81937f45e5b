import type {
  Agent,
  BufferId,
  EventId,
  EventOrigin,
  Hazard,
  MemoryAttribute,
} from '../../events/event.ts'
import type { Machine } from '../../machine/machine.ts'
import { eachRun, type StorageRun } from './sg-table.ts'

export interface CpuBytesInfo {
  /** The dma-buf or other memory, as events name it. */
  readonly buffer: BufferId
  /** The mapping that accesses go through; undefined where the kernel needs none. */
  readonly mapping?: number | undefined
  readonly runs: readonly StorageRun[]
  readonly attribute: MemoryAttribute
  /** Where in the buffer the runs begin; 0 when left out. */
  readonly offset?: number | undefined
}

/** Who accesses, if it is not the task whose turn it is, and the line that causes it. */
export interface Accessor {
  readonly agent?: Agent | undefined
  readonly origin?: EventOrigin | undefined
}

/**
 * The CPU's way to bytes: user mappings, kernel mappings, drivers' memory and memfds all go through it. It moves
 * the bytes run by run, emits one event for each access and counts its cost. Offsets are in bytes from the first
 * run; bounds and rights are the owner's to check.
 */
export class CpuBytes {
  readonly #machine: Machine
  readonly #info: CpuBytesInfo

  constructor(machine: Machine, info: CpuBytesInfo) {
    this.#machine = machine
    this.#info = info
  }

  /** Loads `target.length` bytes at `offset`; returns the hazards, as the event does. */
  load(offset: number, target: Uint8Array, by?: Accessor): readonly Hazard[] {
    const hazards = this.peek(offset, target)
    this.#emit('cpu-load', offset, target.length, hazards, by)
    return hazards
  }

  /** Loads without an event: a copy that the kernel makes for itself. */
  peek(offset: number, target: Uint8Array): readonly Hazard[] {
    const { memory, cost } = this.#machine
    const { runs, attribute, offset: start = 0 } = this.#info
    const hazards: Hazard[] = []
    eachRun({ runs }, offset, offset + target.length, (storage, from, to, at) => {
      const part = target.subarray(at - offset, at - offset + to - from)
      for (const hazard of memory.cpuLoad(storage, from, part, attribute)) {
        hazards.push(shifted(hazard, start + at - from))
      }
    })
    cost.cpuBytes += target.length
    return hazards
  }

  /** Stores `source` at `offset`. */
  store(offset: number, source: Uint8Array, by?: Accessor): void {
    const { memory } = this.#machine
    const { runs, attribute } = this.#info
    const end = offset + source.length
    const writer = this.#storing(offset, end, by)
    eachRun({ runs }, offset, end, (storage, from, to, at) => {
      const part = source.subarray(at - offset, at - offset + to - from)
      memory.cpuStore(storage, from, part, attribute, writer)
    })
  }

  /** memset: stores `value` into every byte of `[start, end)`. */
  fill(value: number, start: number, end: number, by?: Accessor): void {
    const { runs, attribute } = this.#info
    if (attribute !== 'cached') {
      this.store(start, new Uint8Array(end - start).fill(value), by)
      return
    }
    const { memory } = this.#machine
    const writer = this.#storing(start, end, by)
    eachRun({ runs }, start, end, (storage, from, to) => {
      memory.cpuFill(storage, from, to, value, writer)
    })
  }

  /** Stores through arrays came before this one: they are looked for first. */
  #storing(start: number, end: number, by: Accessor | undefined): EventId {
    const { memory, cost } = this.#machine
    eachRun(this.#info, start, end, (storage, from, to) => memory.reconcile(storage, from, to))
    cost.cpuBytes += end - start
    return this.#emit('cpu-store', start, end - start, [], by)
  }

  #emit(
    kind: 'cpu-load' | 'cpu-store',
    offset: number,
    length: number,
    hazards: readonly Hazard[],
    by: Accessor | undefined,
  ): EventId {
    const { buffer, mapping, offset: first = 0 } = this.#info
    const range = { start: first + offset, end: first + offset + length }
    const what = { kind, buffer, mapping, range, seen: 'exact', hazards } as const
    return this.#machine.events.emit(by === undefined ? what : { ...what, ...by })
  }
}

/** A hazard in a storage as one in the buffer, whose bytes lie `by` further on. */
export function shifted(hazard: Hazard, by: number): Hazard {
  if (by === 0) return hazard
  const { start, end } = hazard.range
  return { ...hazard, range: { start: start + by, end: end + by } }
}
