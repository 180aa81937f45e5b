import type { Rule } from './rule.ts'

export const mapLeak: Rule<'map-leak'> = {
  id: 'map-leak',
  group: 'E4',
  severity: 'warning',
  claim: 'Every mapping of a buffer is unmapped.',
  hardware:
    'The mapping keeps the buffer alive after its last descriptor was closed, and pins its memory.',
  fix: 'Declare the mapping with `using`, or close it; end a mapping of a plain mmap call with munmap.',
  byCalls: 'whole',
}
