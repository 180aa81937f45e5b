import type { Rule } from './rule.ts'

export const attributeAlias: Rule<'attribute-alias'> = {
  id: 'attribute-alias',
  group: 'C10',
  severity: 'error',
  claim: 'A page is not used through a cached and an uncached mapping at the same time.',
  hardware:
    "One side reads memory while the newest bytes are in a cache line, or a line is written back over the other side's stores.",
  fix: 'Use one attribute for all mappings of the buffer, or clean and invalidate between the two.',
  byCalls: 'none',
}
