import type { Rule } from './rule.ts'

export const handleAlias: Rule<'handle-alias'> = {
  id: 'handle-alias',
  group: 'E7',
  severity: 'error',
  claim: 'A PRIME handle is closed exactly once per device file, when its last user is done.',
  hardware:
    'Importing a buffer twice returns one handle: the first close ends it for both, and a second close may hit an unrelated object. A handle that is never closed keeps the buffer alive.',
  fix: 'Count imports per device file and handle, and close when the count falls to zero.',
  byCalls: 'whole',
}
