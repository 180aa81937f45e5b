import type { Rule } from './rule.ts'

export const partialWriteOverStale: Rule<'partial-write-over-stale'> = {
  id: 'partial-write-over-stale',
  group: 'C4',
  severity: 'error',
  claim: 'A write-only CPU access stores whole cache lines, or reads them up to date first.',
  hardware:
    'START | WRITE does not invalidate. A stale line that is stored to in part is written back as a whole, with stale bytes beside the new ones.',
  fix: "Begin the access with 'read-write', or store every byte of the buffer.",
  driverFix:
    'Call dma_buf_begin_cpu_access and dma_buf_end_cpu_access with DMA_BIDIRECTIONAL, or store every byte of the buffer.',
  byCalls: 'none',
}
