import type { Rule } from './rule.ts'

export const bracketDirection: Rule<'bracket-direction'> = {
  id: 'bracket-direction',
  group: 'C4',
  severity: 'error',
  claim: 'The flags of START and END match the CPU accesses in between, and are the same on both.',
  hardware:
    'START without READ does not invalidate, END without WRITE does not clean: the CPU reads stale data, and stores stay in the cache.',
  fix: "Declare the direction of the access: 'read-write' if it does both, with the same flags at END.",
  driverFix:
    'Pass dma_buf_begin_cpu_access and dma_buf_end_cpu_access a direction that covers the accesses between them: DMA_BIDIRECTIONAL for loads and stores.',
  // Seen: flags, and exact accesses that they do not announce. Unseen: accesses through arrays.
  byCalls: 'part',
}
