/**
 * A device's access to a mapped buffer, as jobs with a start and a finish and the accesses in between.
 */
import type { DmaLayer } from '../dma/dma-layer.ts'
import type { DmaMapping } from '../dma/mapping.ts'
import type { Agent, Range } from '../events/event.ts'
import type { Machine } from '../machine/machine.ts'

export class DeviceJobs {
  readonly #machine: Machine
  readonly #dma: DmaLayer
  #jobs = 0

  constructor(machine: Machine, dma: DmaLayer) {
    this.#machine = machine
    this.#dma = dma
  }

  /** The device begins to read or write `range` of the buffer. */
  start(mapping: DmaMapping, access: 'read' | 'write', range: Range): DeviceJob {
    const job = new DeviceJob(this.#machine, this.#dma, ++this.#jobs, mapping, access, range)
    return job
  }
}

export class DeviceJob {
  readonly id: number
  readonly mapping: DmaMapping
  readonly access: 'read' | 'write'
  readonly range: Range
  readonly #machine: Machine
  readonly #dma: DmaLayer

  constructor(
    machine: Machine,
    dma: DmaLayer,
    id: number,
    mapping: DmaMapping,
    access: 'read' | 'write',
    range: Range,
  ) {
    this.#machine = machine
    this.#dma = dma
    this.id = id
    this.mapping = mapping
    this.access = access
    this.range = range
    dma.reconcile(mapping, range.start, range.end)
    this.#emit('job-start')
  }

  /** The device reads `target.length` bytes at `offset` now. */
  load(offset: number, target: Uint8Array): void {
    const hazards = this.#machine.as(this.#agent, () =>
      this.#dma.deviceLoad(this.mapping, offset, target),
    )
    this.#machine.events.emit({
      ...this.#accessEvent('device-load', offset, target.length),
      hazards,
    })
  }

  /** The device's bytes arrive in memory now. */
  store(offset: number, source: Uint8Array): void {
    this.#dma.reconcile(this.mapping, offset, offset + source.length)
    const writer = this.#machine.events.emit({
      ...this.#accessEvent('device-store', offset, source.length),
      hazards: [],
    })
    this.#dma.deviceStore(this.mapping, offset, source, writer)
  }

  finish(): void {
    this.#emit('job-end')
  }

  get #agent(): Agent {
    return { kind: 'device', name: this.mapping.device }
  }

  #accessEvent<K extends 'device-load' | 'device-store'>(
    kind: K,
    offset: number,
    length: number,
  ): {
    kind: K
    job: number
    device: string
    buffer: number
    range: Range
    snooped: boolean
    agent: Agent
  } {
    return {
      kind,
      job: this.id,
      device: this.mapping.device,
      buffer: this.mapping.buffer,
      range: { start: offset, end: offset + length },
      snooped: this.#machine.snoops(this.mapping.device).judged,
      agent: this.#agent,
    }
  }

  #emit(kind: 'job-start' | 'job-end'): void {
    this.#machine.events.emit({
      kind,
      job: this.id,
      device: this.mapping.device,
      access: this.access,
      buffer: this.mapping.buffer,
      range: this.range,
      mapping: this.mapping.id,
      agent: this.#agent,
    })
  }
}
