import type { Rule } from './rule.ts'

export const syncResultIgnored: Rule<'sync-result-ignored'> = {
  id: 'sync-result-ignored',
  group: 'C5',
  severity: 'error',
  claim: 'After a failed SYNC the access does not take place; EINTR and EAGAIN are retried.',
  hardware: 'No cache line was touched: the access is as unprotected as one with no SYNC at all.',
  fix: 'Check the result of DMA_BUF_IOCTL_SYNC; repeat it on EINTR and EAGAIN, give up on anything else, and send no END for a START that failed.',
  // Unseen: the work of a device in the meantime.
  byCalls: 'part',
}
