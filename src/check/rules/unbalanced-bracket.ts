import type { Rule } from './rule.ts'

export const unbalancedBracket: Rule<'unbalanced-bracket'> = {
  id: 'unbalanced-bracket',
  group: 'C3',
  severity: 'error',
  claim:
    'Every START has one END, and no START for reading comes inside an open access for writing.',
  hardware:
    'START for reading invalidates: the stores of an open access are dropped with their lines. A missing END leaves stores in the cache.',
  fix: 'Pair each START with one END in the same scope (`await using`), and end the first access before the second begins.',
  driverFix:
    'Pair each dma_buf_begin_cpu_access with one dma_buf_end_cpu_access of the same direction, on error paths too.',
  byCalls: 'whole',
}
