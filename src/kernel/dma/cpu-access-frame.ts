import type { AccessOperation } from '../../events/event.ts'
import type { Machine } from '../../machine/machine.ts'
import { Frame } from '../../machine/task.ts'
import type { DmaMapping } from './mapping.ts'

/** An exporter's operation runs at an end of a CPU access. Notes the devices whose mappings it syncs. */
export class CpuAccessFrame extends Frame {
  override readonly during: AccessOperation
  readonly buffer: number
  readonly synced: Set<string> = new Set()

  constructor(buffer: number, operation: AccessOperation) {
    super()
    this.buffer = buffer
    this.during = operation
  }
}

/** A live mapping was synced. */
export function noteSync({ scheduler }: Machine, { buffer, device }: DmaMapping): void {
  const frame = scheduler.current.innermost(CpuAccessFrame)
  if (frame?.buffer === buffer) frame.synced.add(device)
}
