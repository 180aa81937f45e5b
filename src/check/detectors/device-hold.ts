import type { JobEvent, QueueEvent, ScanoutEvent } from '../../events/event.ts'
import type { BufferHistory } from '../model/buffer-history.ts'

/** A driver that took a buffer will write it, unless the buffer is mapped for it to read only. */
export function holdWrites(
  buffer: BufferHistory,
  event: JobEvent | QueueEvent | ScanoutEvent,
): boolean {
  if ('picture' in event) return false
  if ('access' in event && event.access !== undefined) return event.access === 'write'
  const mapped = [...buffer.dma.values()].filter(({ device }) => device === event.device)
  return mapped.length === 0 || mapped.some(({ direction }) => direction !== 'to-device')
}
