import type { Rule } from './rule.ts'

export const syncIsNoop: Rule<'sync-is-noop'> = {
  id: 'sync-is-noop',
  group: 'C12',
  severity: 'error',
  claim: 'A successful SYNC syncs the device that shares the bytes.',
  hardware:
    'The exporter syncs the attachments that are mapped at that time, if its operations sync at all. Otherwise no line is cleaned or invalidated.',
  fix: 'Attach and map the device before the CPU access (import the buffer first), and map without skipping the CPU sync.',
  byCalls: 'none',
}
