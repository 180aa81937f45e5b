import type { Rule } from './rule.ts'

export const earlyPublish: Rule<'early-publish'> = {
  id: 'early-publish',
  group: 'E3',
  severity: 'error',
  claim: 'A descriptor is installed only after all other work on its buffer is done.',
  hardware:
    'Another thread may close the number as soon as it is installed: the driver then uses freed memory.',
  fix: 'Reserve the number, finish the object, and install the descriptor as the last step; or hold another reference.',
  byCalls: 'none',
}
