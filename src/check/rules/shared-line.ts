import type { Rule } from './rule.ts'

export const sharedLine: Rule<'shared-line'> = {
  id: 'shared-line',
  group: 'C9',
  severity: 'error',
  claim: 'Memory under DMA shares no cache line with unrelated memory.',
  hardware:
    "A line has one state for all its bytes. A write-back puts stale bytes over the device's data; an invalidate also drops the neighbour's store.",
  fix: 'Give memory for DMA whole cache lines: align its start and its length (dma_get_cache_alignment), or let kmalloc allocate it by itself.',
  byCalls: 'none',
}
