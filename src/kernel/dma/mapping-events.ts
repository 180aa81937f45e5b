/** The events of mappings and their syncs. */
import type { DmaDirection, DriverName, EventId, Range } from '../../events/event.ts'
import type { Machine } from '../../machine/machine.ts'
import { ImporterFrame } from './importer-frame.ts'
import type { DmaMapping } from './mapping.ts'
import { placementOf } from './sg-table.ts'

/** `how`: as the caller of an unmap says it, where that differs from how it was mapped. */
export function emitMap(
  machine: Machine,
  kind: 'dma-map' | 'dma-unmap',
  mapping: DmaMapping,
  how: { direction: DmaDirection; skipCpuSync: boolean } = mapping,
): EventId {
  const { table, bounce } = mapping
  const { attachment } = mapping
  const importer = machine.scheduler.current.innermost(ImporterFrame)
  return machine.events.emit({
    kind,
    buffer: mapping.buffer,
    attachment,
    mapping: mapping.id,
    device: mapping.device,
    direction: how.direction,
    skipCpuSync: how.skipCpuSync,
    range: mapping.inBuffer({ start: 0, end: table.size }),
    placement: placementOf(table),
    bounced: bounce?.ranges.map((range) => mapping.inBuffer(range)),
    driver: mapping.driver,
    importer: importer?.attachment === attachment ? importer?.call : undefined,
  })
}

export function emitSync(
  machine: Machine,
  { buffer, id, device, offset }: DmaMapping,
  sync: { to: 'cpu' | 'device'; direction: DmaDirection; range: Range; driver: DriverName },
): void {
  const range = { start: offset + sync.range.start, end: offset + sync.range.end }
  machine.events.emit({ kind: 'dma-sync', buffer, mapping: id, device, ...sync, range })
}
