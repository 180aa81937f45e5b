import type { Rule } from './rule.ts'

export const importNotRenewed: Rule<'import-not-renewed'> = {
  id: 'import-not-renewed',
  group: 'M1',
  severity: 'error',
  claim:
    'If the exporter keeps user mappings coherent by faults, an importer maps the buffer again for each use.',
  hardware:
    'The exporter writes lines back and takes pages out of the page tables only in map_dma_buf. An importer that keeps its mapping never causes that: the device reads stale memory, and the CPU reads stale lines.',
  fix: 'Unmap after each use and map again before the next one, or take memory from an exporter whose CPU accesses are governed by SYNC.',
  byCalls: 'none',
}
