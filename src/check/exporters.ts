import type { DmabufEvent } from '../events/event.ts'
import type { BufferHistory } from './buffer-history.ts'
import { StepRun } from './steps.ts'

/**
 * What each driver that exports does to memory of its own: it may be for any of its buffers, and is kept
 * once for all of them.
 */
export class Exporters {
  readonly #steps = new Map<string, StepRun>()

  exported(buffer: BufferHistory): void {
    const { driver } = buffer
    if (driver === undefined) return
    const steps = this.#steps.get(driver.name) ?? new StepRun()
    this.#steps.set(driver.name, steps)
    buffer.exportedWith(steps)
  }

  /** Part of what a START or an END may do, to memory that its exporter has for itself. */
  addStep({ owner }: BufferHistory, event: DmabufEvent): void {
    if (owner !== undefined) this.#steps.get(owner)?.add(event)
  }
}
