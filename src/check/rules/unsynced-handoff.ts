import type { Rule } from './rule.ts'

export const unsyncedHandoff: Rule<'unsynced-handoff'> = {
  id: 'unsynced-handoff',
  group: 'C12',
  severity: 'error',
  claim:
    'A hand-off between a coherent and a non-coherent device, or between a driver and its device, needs a sync.',
  hardware:
    'The bytes of a coherent device may end in the cache, which the other device does not snoop; or a cache line stays stale after a non-coherent device has written.',
  fix: 'Put a CPU access (START | READ, END | WRITE) or a new map of the attachment between the two devices.',
  byCalls: 'none',
}
