import type { Rule } from './rule.ts'

export const useAfterRelease: Rule<'use-after-release'> = {
  id: 'use-after-release',
  group: 'E6',
  severity: 'error',
  claim: 'Bytes are not touched after their CPU access or mapping has ended.',
  hardware:
    'The CPU faults, or accesses the next owner of the page; a device without an IOMMU reaches the page frame in any case.',
  fix: 'Copy the data out before the access ends, and get new bytes in the next access.',
  // Seen: exact accesses, and arrays that throw. Unseen: stores through arrays that ended.
  byCalls: 'part',
  supersedes: [{ rule: 'read-outside-bracket' }],
}
