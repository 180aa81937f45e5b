import type { Machine } from '../../machine/machine.ts'
import { Frame } from '../../machine/task.ts'
import type { DmaMapping } from './mapping.ts'

/** An exporter's begin_cpu_access or end_cpu_access runs. Notes the devices whose mappings it syncs. */
export class CpuAccessFrame extends Frame {
  readonly buffer: number
  readonly edge: 'begin' | 'end'
  readonly synced: Set<string> = new Set()

  constructor(buffer: number, edge: 'begin' | 'end') {
    super()
    this.buffer = buffer
    this.edge = edge
  }
}

/** The end of a CPU access during which everything happens now, if an exporter's operation runs. */
export function accessEdge({ scheduler }: Machine): 'begin' | 'end' | undefined {
  return scheduler.current.innermost(CpuAccessFrame)?.edge
}

/** A live mapping was synced. */
export function noteSync({ scheduler }: Machine, { buffer, device }: DmaMapping): void {
  const frame = scheduler.current.innermost(CpuAccessFrame)
  if (frame?.buffer === buffer) frame.synced.add(device)
}
