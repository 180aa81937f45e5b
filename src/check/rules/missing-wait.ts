import type { Rule } from './rule.ts'

export const missingWait: Rule<'missing-wait'> = {
  id: 'missing-wait',
  group: 'D1',
  severity: 'error',
  claim: 'A device uses bytes only after the device that writes them has finished.',
  hardware:
    'The reader gets part of the new picture and part of the one before, on coherent boards too.',
  fix: 'Wait for the writer first (VIDIOC_DQBUF, poll, its fence, the return of its ioctl), then start the next device; a driver waits for the write fences of the reservation object.',
  byCalls: 'none',
}
