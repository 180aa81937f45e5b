import type { Rule } from './rule.ts'

export const touchedOverDma: Rule<'touched-over-dma'> = {
  id: 'touched-over-dma',
  group: 'M2',
  severity: 'error',
  claim:
    'If the exporter keeps user mappings coherent by faults, the CPU touches the buffer only while no device has it mapped.',
  hardware:
    'The fault handler does not wait for the device: the page is put in while the device writes, so the CPU fills lines with stale bytes, and its dirty lines are written back over the bytes of the device.',
  fix: 'Wait until the device has finished and its driver has unmapped the buffer, then touch the mapping.',
  byCalls: 'none',
}
