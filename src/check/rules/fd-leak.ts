import type { Rule } from './rule.ts'

export const fdLeak: Rule<'fd-leak'> = {
  id: 'fd-leak',
  group: 'E2',
  severity: 'warning',
  claim: 'Every descriptor is closed, every buffer released.',
  hardware:
    'Memory stays pinned and the descriptor table fills up: after seconds or hours open and import fail with EMFILE or ENOMEM.',
  fix: 'Declare the owner with `using` or `await using`, or close it in `finally`.',
  // Seen: descriptors. Unseen: a buffer that something else keeps.
  byCalls: 'part',
}
