import type { Rule } from './rule.ts'

export const unsafeSkipHint: Rule<'unsafe-skip-hint'> = {
  id: 'unsafe-skip-hint',
  group: 'C15',
  severity: 'error',
  claim: 'A CPU sync is skipped only if the CPU has not touched the memory since the last one.',
  hardware:
    'Dirty lines stay over memory that the device uses: it reads stale bytes, or the lines are evicted over its data.',
  fix: 'Drop DMA_ATTR_SKIP_CPU_SYNC, or sync the range by hand before the device starts.',
  byCalls: 'none',
}
