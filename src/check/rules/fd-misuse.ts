import type { Rule } from './rule.ts'

export const fdMisuse: Rule<'fd-misuse'> = {
  id: 'fd-misuse',
  group: 'E1',
  severity: 'error',
  claim: 'A descriptor is closed once, by its owner, and not used afterwards.',
  hardware:
    'The call fails with EBADF or, if the fd number was reused, operates on an unrelated file.',
  fix: 'Let one owner close the descriptor, and give each other user a `dup`.',
  byCalls: 'whole',
}
