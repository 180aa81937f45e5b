import type { Rule } from './rule.ts'

export const earlyInvalidate: Rule<'early-invalidate'> = {
  id: 'early-invalidate',
  group: 'C8',
  severity: 'error',
  claim: 'START for reading comes after the device has finished.',
  hardware:
    'The cache may fetch lines while the device is still writing. START has already passed, so they are not invalidated again.',
  fix: 'Wait for the device (VIDIOC_DQBUF, a fence, poll) first, then begin the CPU access.',
  driverFix: 'Wait for the device to finish, then call dma_buf_begin_cpu_access.',
  byCalls: 'none',
  supersedes: [{ rule: 'bracket-over-dma', ifHarmful: true }],
}
