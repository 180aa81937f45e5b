/**
 * A buffer as a driver sees it through vmap: exact loads and stores of the kernel, with the
 * attribute that the exporter chose. It does no coherency work; CPU accesses do that.
 */

import type { Agent, DriverName, EventOrigin } from '../../events/event.ts'
import { assert } from '../../machine/kernel-error.ts'
import type { Machine } from '../../machine/machine.ts'
import { type Accessor, CpuBytes } from '../dma/cpu-bytes.ts'
import { placementOf, type SgTable } from '../dma/sg-table.ts'
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
  readonly #bytes: CpuBytes
  #ended = false

  constructor(machine: Machine, info: KernelMappingInfo) {
    this.#machine = machine
    this.info = info
    this.#table = { runs: info.pages.runs, segments: [], size: info.size }
    this.#agent = { kind: 'kernel', name: info.driver.name }
    const { buffer, id: mapping, pages } = info
    const { runs, attribute } = pages
    this.#bytes = new CpuBytes(machine, { buffer, mapping, runs, attribute })
    this.#emitMap('cpu-map')
  }

  /** In bytes. */
  get size(): number {
    return this.info.size
  }

  /** Loads `target.length` bytes at `offset`. Does not sleep. */
  load(offset: number, target: Uint8Array): void {
    this.#check('load', offset, target.length)
    this.#bytes.load(offset, target, this.#accessor)
  }

  /** Stores `source` at `offset`. Does not sleep. */
  store(offset: number, source: Uint8Array): void {
    this.#check('store', offset, source.length)
    this.#bytes.store(offset, source, this.#accessor)
  }

  /** Stores `value` into every byte of `[start, end)`: all bytes when left out. Does not sleep. */
  fill(value: number, start = 0, end: number = this.size): void {
    this.#check('store', start, end - start)
    this.#bytes.fill(value, start, end, this.#accessor)
  }

  get #accessor(): Accessor {
    return { agent: this.#agent, origin: this.#machine.scheduler.current.origin }
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
