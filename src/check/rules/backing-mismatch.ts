import type { Rule } from './rule.ts'

export const backingMismatch: Rule<'backing-mismatch'> = {
  id: 'backing-mismatch',
  group: 'E9',
  severity: 'error',
  claim:
    'All mappings of a buffer are of the same memory, or the exporter copies between them at each CPU access, map and unmap.',
  hardware:
    'The store goes to one memory and the read to another: the reader gets stale data, without any error.',
  fix: 'Let mmap, vmap and map_dma_buf map the same pages, and before these change, remove the previous ones from processes (unmap_mapping_range) and importers (dma_buf_move_notify); or copy the shadow in begin_cpu_access and end_cpu_access.',
  byCalls: 'none',
}
