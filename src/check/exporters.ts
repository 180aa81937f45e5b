import type { DmabufEvent } from '../events/event.ts'
import type { BufferHistory } from './buffer-history.ts'

/** Which live buffers each driver has exported: what it does to memory of its own may be for them. */
export class Exporters {
  readonly #buffers = new Map<string, Set<BufferHistory>>()

  exported(buffer: BufferHistory): void {
    const { driver } = buffer
    if (driver === undefined) return
    const known = this.#buffers.get(driver.name)
    if (known === undefined) this.#buffers.set(driver.name, new Set([buffer]))
    else known.add(buffer)
  }

  released(buffer: BufferHistory): void {
    this.#buffers.get(buffer.driver?.name ?? '')?.delete(buffer)
  }

  /** Part of what a START or an END may do, to memory that its exporter has for itself. */
  addStep({ owner }: BufferHistory, event: DmabufEvent): void {
    if (owner === undefined) return
    for (const buffer of this.#buffers.get(owner) ?? []) buffer.addStep(event)
  }
}
