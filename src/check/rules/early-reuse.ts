import type { Rule } from './rule.ts'

export const earlyReuse: Rule<'early-reuse'> = {
  id: 'early-reuse',
  group: 'D2',
  severity: 'error',
  claim: 'A buffer is written again only after every device has stopped reading it.',
  hardware: 'The display shows two frames at once: the picture tears, on coherent boards too.',
  fix: 'Queue the buffer again after the flip that replaces it has completed, and use one more buffer.',
  byCalls: 'none',
}
