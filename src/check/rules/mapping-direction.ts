import type { Rule } from './rule.ts'

export const mappingDirection: Rule<'mapping-direction'> = {
  id: 'mapping-direction',
  group: 'C13',
  severity: 'error',
  claim: "Map, sync and unmap use the same direction, and it covers the device's transfers.",
  hardware:
    'The direction decides which lines are cleaned or invalidated and which way a bounce buffer is copied; an IOMMU blocks the other direction. The rest stays stale.',
  fix: 'Map memory that the device both reads and writes as DMA_BIDIRECTIONAL, and pass the direction of the map to every sync and to the unmap.',
  byCalls: 'none',
}
