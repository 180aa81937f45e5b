/**
 * A device's access to a mapped buffer, as jobs with a start and a finish and the accesses in between.
 */

import type { EventOrigin, Range } from '../../events/event.ts'
import { assert } from '../../machine/kernel-error.ts'
import type { Machine } from '../../machine/machine.ts'
import type { DmaLayer } from '../dma/dma-layer.ts'
import type { DmaMapping } from '../dma/mapping.ts'

export class DeviceJobs {
  readonly #machine: Machine
  readonly #dma: DmaLayer
  #jobs = 0

  constructor(machine: Machine, dma: DmaLayer) {
    this.#machine = machine
    this.#dma = dma
  }

  /**
   * The device begins to read or write `range` of the mapping; `origin`: the line that started it.
   */
  start(
    mapping: DmaMapping,
    access: 'read' | 'write',
    range: Range,
    origin?: EventOrigin,
  ): DeviceJob {
    const what = { id: ++this.#jobs, mapping, access, range, origin }
    return new DeviceJob(this.#machine, this.#dma, what)
  }
}

export class DeviceJob {
  readonly id: number
  readonly mapping: DmaMapping
  readonly access: 'read' | 'write'
  /** In bytes of the mapping. */
  readonly range: Range
  readonly #machine: Machine
  readonly #dma: DmaLayer
  readonly #origin: EventOrigin | undefined
  #finished = false

  constructor(
    machine: Machine,
    dma: DmaLayer,
    what: Pick<DeviceJob, 'id' | 'mapping' | 'access' | 'range'> & {
      origin: EventOrigin | undefined
    },
  ) {
    const { id, mapping, access, range, origin } = what
    this.#machine = machine
    this.#dma = dma
    this.#origin = origin
    this.id = id
    this.mapping = mapping
    this.access = access
    this.range = range
    const { start, end } = range
    assert(
      Number.isSafeInteger(start) && Number.isSafeInteger(end) && 0 <= start && start <= end,
      `a job is for bytes of its mapping, from a start to an end, and not for ${start} to ${end}`,
    )
    dma.reconcile(mapping, range.start, range.end)
    this.#emit('job-start')
  }

  /**
   * The device reads `target.length` bytes at `offset` of the mapping now; zeros where it faults. Returns
   * the number of bytes that came out wrong.
   */
  load(offset: number, target: Uint8Array): number {
    this.#requireOwn('read', offset, target.length)
    return this.#dma.access.load(this.mapping, offset, target, this.id)
  }

  /** The bytes that a load after which some came out wrong would have read on a coherent machine. */
  expected(offset: number, target: Uint8Array): void {
    this.#dma.access.expected(this.mapping, offset, target)
  }

  /** The device's bytes arrive in memory now; nowhere, where it faults. */
  store(offset: number, source: Uint8Array): void {
    this.#requireOwn('write', offset, source.length)
    this.#dma.access.store(this.mapping, offset, source, this.id)
  }

  finish(): void {
    this.#finished = true
    this.#emit('job-end')
  }

  /** A job declares its accesses when it starts: later ones must match. */
  #requireOwn(access: 'read' | 'write', offset: number, length: number): void {
    const { id, range, mapping } = this
    const isWithin = offset >= range.start && offset + length <= range.end
    if (isWithin && access === this.access && !this.#finished) return
    const says = `job ${id} of ${mapping.device} ${this.access}s bytes ${range.start} to ${range.end}`
    const tries = `it does not ${access} ${length} bytes at ${offset}${this.#finished ? ', nor anything after its end' : ''}`
    assert(false, `${says}: ${tries}`)
  }

  #emit(kind: 'job-start' | 'job-end'): void {
    this.#machine.events.emit({
      kind,
      job: this.id,
      device: this.mapping.device,
      access: this.access,
      buffer: this.mapping.buffer,
      range: this.mapping.inBuffer(this.range),
      mapping: this.mapping.id,
      agent: { kind: 'device', name: this.mapping.device },
      origin: this.#origin,
    })
  }
}
