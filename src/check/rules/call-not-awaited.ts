import type { Rule } from './rule.ts'

export const callNotAwaited: Rule<'call-not-awaited'> = {
  id: 'call-not-awaited',
  group: 'C3',
  severity: 'error',
  claim: 'A call that passes a buffer to a device, or takes it back, is awaited.',
  hardware:
    'The device still has the buffer when the program uses it again, and an error of the call is lost.',
  fix: '`await` the call, or keep its promise and await that before the buffer is used again.',
  byCalls: 'whole',
}
