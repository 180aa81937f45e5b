import type { Rule } from './rule.ts'

export const dirtyOverDma: Rule<'dirty-over-dma'> = {
  id: 'dirty-over-dma',
  group: 'C7',
  severity: 'error',
  claim: 'No cache line is dirty over memory that a device is about to write.',
  hardware:
    'The cache may write the dirty line back at any time, even after the DMA: stale bytes overwrite the new ones.',
  fix: 'Clean the buffer before it goes to the device: END | WRITE after the last store, with the device attached.',
  driverFix:
    'Call dma_buf_end_cpu_access with DMA_TO_DEVICE or DMA_BIDIRECTIONAL after the last store and before the device starts.',
  byCalls: 'none',
}
