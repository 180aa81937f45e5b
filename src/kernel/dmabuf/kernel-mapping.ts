/**
 * A buffer as a driver sees it through vmap: exact loads and stores of the kernel, through the cache or
 * past it as the exporter says. It does no coherency work; that is what CPU access brackets are for.
 */

import type { Agent, DriverName, EventOrigin, Hazard } from '../../events/event.ts'
import { assert } from '../../machine/kernel-error.ts'
import type { Machine } from '../../machine/machine.ts'
import { eachRun, placementOf, type SgTable } from '../dma/sg-table.ts'
import { reportMisuse } from './misuse.ts'
import type { CpuPages } from './ops.ts'

export interface KernelMappingInfo {
  /** Below zero: the kernel's own mappings are not in a process's list. */
  readonly id: number
  /** The buffer that events name. */
  readonly buffer: number
  /** In bytes. */
  readonly size: number
  readonly pages: CpuPages
  /** Who accesses, as events name it. */
  readonly driver: DriverName
  /** The line that made it. */
  readonly origin?: EventOrigin | undefined
}

export class KernelMapping {
  readonly info: KernelMappingInfo
  readonly #machine: Machine
  readonly #table: SgTable
  readonly #agent: Agent
  #ended = false

  constructor(machine: Machine, info: KernelMappingInfo) {
    this.#machine = machine
    this.info = info
    this.#table = { runs: info.pages.runs, segments: [], size: info.size }
    this.#agent = { kind: 'kernel', name: info.driver.name }
    this.#emitMap('cpu-map')
  }

  /** In bytes. */
  get size(): number {
    return this.info.size
  }

  /** Loads `target.length` bytes at `offset`. Does not sleep. */
  load(offset: number, target: Uint8Array): void {
    this.#check('load', offset, target.length)
    const { memory, cost } = this.#machine
    const { attribute } = this.info.pages
    const hazards: Hazard[] = []
    eachRun(this.#table, offset, offset + target.length, (storage, from, to, at) => {
      const part = target.subarray(at - offset, at - offset + to - from)
      for (const hazard of memory.cpuLoad(storage, from, part, attribute)) {
        hazards.push(shifted(hazard, at - from))
      }
    })
    cost.cpuBytes += target.length
    this.#emitAccess('cpu-load', offset, target.length, hazards)
  }

  /** Stores `source` at `offset`. Does not sleep. */
  store(offset: number, source: Uint8Array): void {
    this.#check('store', offset, source.length)
    const { memory, cost } = this.#machine
    const { attribute } = this.info.pages
    const end = offset + source.length
    eachRun(this.#table, offset, end, (storage, from, to) => memory.reconcile(storage, from, to))
    const writer = this.#emitAccess('cpu-store', offset, source.length, [])
    cost.cpuBytes += source.length
    eachRun(this.#table, offset, end, (storage, from, to, at) => {
      const part = source.subarray(at - offset, at - offset + to - from)
      memory.cpuStore(storage, from, part, attribute, writer)
    })
  }

  /** Stores `value` into every byte of `[start, end)`: all bytes when left out. Does not sleep. */
  fill(value: number, start = 0, end: number = this.size): void {
    this.store(start, new Uint8Array(end - start).fill(value))
  }

  /** The core's, when the last vunmap was made. */
  end(): void {
    this.#ended = true
    this.#emitMap('cpu-unmap')
  }

  #check(what: string, offset: number, length: number): void {
    const fits = Number.isSafeInteger(offset) && offset >= 0 && offset + length <= this.size
    assert(
      fits,
      `${this.info.driver.name}: ${what} of ${length} bytes at ${offset} lies within ${this.size} bytes`,
    )
    if (this.#ended) this.#tellEnded(what)
  }

  #tellEnded(operation: string): void {
    const { driver, buffer } = this.info
    const text = `${operation}: the vmap of buffer ${buffer} was taken back`
    reportMisuse(this.#machine, { code: 'use-after-release', operation, driver, buffer, text })
  }

  #emitAccess(
    kind: 'cpu-load' | 'cpu-store',
    offset: number,
    length: number,
    hazards: readonly Hazard[],
  ): number {
    return this.#machine.events.emit({
      kind,
      buffer: this.info.buffer,
      mapping: this.info.id,
      range: { start: offset, end: offset + length },
      seen: 'exact',
      hazards,
      agent: this.#agent,
      origin: this.#machine.scheduler.current.origin,
    })
  }

  #emitMap(kind: 'cpu-map' | 'cpu-unmap'): void {
    this.#machine.events.emit({
      kind,
      buffer: this.info.buffer,
      mapping: this.info.id,
      range: { start: 0, end: this.size },
      attribute: this.info.pages.attribute,
      writable: true,
      placement: placementOf(this.#table),
      expandable: false,
      agent: this.#agent,
      origin: this.#machine.scheduler.current.origin,
    })
  }
}

function shifted(hazard: Hazard, by: number): Hazard {
  const { start, end } = hazard.range
  return { ...hazard, range: { start: start + by, end: end + by } }
}
