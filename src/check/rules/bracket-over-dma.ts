import type { Rule } from './rule.ts'

export const bracketOverDma: Rule<'bracket-over-dma'> = {
  id: 'bracket-over-dma',
  group: 'C3',
  severity: 'error',
  claim:
    'No CPU access is open while a device writes the buffer, and none for writing while a device reads it.',
  hardware:
    'The CPU fills cache lines while the device writes memory, and CPU writes may land before, during or after the DMA.',
  fix: 'End the CPU access before the buffer is queued or flipped, and begin it only after the device has given the buffer back.',
  driverFix:
    'Call dma_buf_end_cpu_access before the device starts, and dma_buf_begin_cpu_access only after it has finished.',
  // Seen: the queues of video devices. Unseen: reads by a display.
  byCalls: 'part',
}
