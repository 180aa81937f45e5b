import type { Rule } from './rule.ts'

export const uncoveredMapping: Rule<'uncovered-mapping'> = {
  id: 'uncovered-mapping',
  group: 'C6',
  severity: 'error',
  claim: 'The CPU uses a buffer through a mapping that its CPU access covers.',
  hardware:
    'SYNC works on the attachments of one dma-buf. It does not clean or invalidate for accesses through a memfd, or through another dma-buf over the same pages.',
  fix: 'Map the dma-buf itself for the access, or begin and end a CPU access of the buffer that the device has mapped around it.',
  byCalls: 'none',
  supersedes: [
    // Bytes that no access covers are also stored while a device reads them.
    { rule: 'early-reuse' },
  ],
}
