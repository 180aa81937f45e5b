import type { Rule } from './rule.ts'

export const bracketNotAwaited: Rule<'bracket-not-awaited'> = {
  id: 'bracket-not-awaited',
  group: 'C3',
  severity: 'error',
  claim: 'SYNC completes before the same task uses the buffer, passes it on, or ends.',
  hardware:
    'SYNC may sleep until devices have finished. Before it completes, nothing is cleaned or invalidated, and the buffer is passed on too early.',
  fix: '`await` the begin and the end of the CPU access, and every function of yours that makes one.',
  byCalls: 'whole',
  supersedes: [
    // An access that is not awaited comes too late to protect the bytes.
    { rule: 'bracket-over-dma' },
    { rule: 'write-outside-bracket' },
  ],
}
