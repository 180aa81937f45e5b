import type { DmaDirection, DriverName, ImporterCall } from '../../events/event.ts'
import { Frame, type Task } from '../../machine/task.ts'

/** The exporter's operation runs for an importer: every DMA mapping in it belongs to the attachment. */
export class ImporterFrame extends Frame {
  readonly attachment: number
  readonly call: ImporterCall

  /** `task` is the task that runs the importer now. */
  constructor(task: Task, attachment: number, driver: DriverName, direction: DmaDirection) {
    super()
    this.attachment = attachment
    this.call = { driver, direction, origin: task.origin }
  }
}
