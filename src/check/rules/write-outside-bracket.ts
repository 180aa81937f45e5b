import type { Rule } from './rule.ts'

export const writeOutsideBracket: Rule<'write-outside-bracket'> = {
  id: 'write-outside-bracket',
  group: 'C2',
  severity: 'error',
  claim: 'The CPU writes data for a device only inside a CPU access for writing.',
  hardware:
    'The store stays in a dirty cache line that the device does not snoop; the device reads stale memory, and the line may be written back at any later time.',
  fix: "Write inside `withCpuAccess('read-write', ...)`, or put SYNC START | READ | WRITE before the store and the matching END after it; 'write' alone suffices only if every byte of the buffer is replaced.",
  driverFix:
    'Call dma_buf_begin_cpu_access with DMA_BIDIRECTIONAL before the stores, and dma_buf_end_cpu_access with the same direction after them; DMA_TO_DEVICE suffices if every byte is replaced.',
  // Seen: exact stores. Unseen: stores through arrays.
  byCalls: 'part',
  supersedes: [
    // An array is presumed to be read; a store through it is the mistake.
    { rule: 'read-outside-bracket' },
    // A store that nothing cleaned is missed, and later comes over other bytes.
    { rule: 'dirty-over-dma', ifHarmful: true },
  ],
}
