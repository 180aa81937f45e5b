import type { Rule } from './rule.ts'

export const freedInUse: Rule<'freed-in-use'> = {
  id: 'freed-in-use',
  group: 'E5',
  severity: 'error',
  claim: 'An exporter frees memory only when no process, device or driver has it mapped.',
  hardware:
    'The page frames go to their next owner: stores of the process or the device overwrite its data, and their loads return it.',
  fix: 'Keep the memory until release; or remove it from processes (unmap_mapping_range) and have importers unmap it (dma_buf_move_notify, with the lock held) before it is freed.',
  byCalls: 'none',
  supersedes: [
    // The code that uses the memory is right.
    { rule: 'use-after-release', where: 'because' },
  ],
}
