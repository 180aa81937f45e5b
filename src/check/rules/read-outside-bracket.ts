import type { Rule } from './rule.ts'

export const readOutsideBracket: Rule<'read-outside-bracket'> = {
  id: 'read-outside-bracket',
  group: 'C1',
  severity: 'error',
  claim: 'The CPU reads device-written data only inside a CPU access for reading.',
  hardware:
    'The load hits a cache line that was filled before the device wrote: the CPU reads the previous frame, or half of it.',
  fix: "Read inside `withCpuAccess('read', ...)`, or put SYNC START | READ before the read and the matching END after it.",
  driverFix:
    'Call dma_buf_begin_cpu_access with DMA_FROM_DEVICE before the loads, and dma_buf_end_cpu_access with the same direction after them.',
  // Seen: arrays outside any CPU access, exact loads of captured frames. Unseen: stores of other
  // devices.
  byCalls: 'part',
}
