import type { Rule } from './rule.ts'

export const bounceNotSynced: Rule<'bounce-not-synced'> = {
  id: 'bounce-not-synced',
  group: 'C11',
  severity: 'error',
  claim: 'A bounce buffer is synced before the other side accesses the data.',
  hardware:
    'The device uses a copy that the kernel made at map. A write to one side reaches the other only at sync or unmap: until then it reads stale or zero bytes, without any error.',
  fix: 'Refuse the import on a device that cannot reach the buffer, or sync the mapping (dma_sync_sgtable_for_cpu, dma_sync_sgtable_for_device) on both sides of each transfer.',
  byCalls: 'none',
}
