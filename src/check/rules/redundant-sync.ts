import type { Rule } from './rule.ts'

export const redundantSync: Rule<'redundant-sync'> = {
  id: 'redundant-sync',
  group: 'C14',
  severity: 'lint',
  claim: 'SYNC is called only after a change of ownership.',
  hardware:
    'Every SYNC walks the lines of the whole buffer: about a millisecond for 64 MiB, without effect.',
  fix: 'Keep one CPU access open over the loads and stores that belong together.',
  // Seen: one access inside another. Unseen: a SYNC although no device has stored.
  byCalls: 'part',
}
