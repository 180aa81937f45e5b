import type { Rule } from './rule.ts'

export const referenceMisuse: Rule<'reference-misuse'> = {
  id: 'reference-misuse',
  group: 'E8',
  severity: 'error',
  claim: 'Each reference is dropped once, by its owner, and not used afterwards.',
  hardware:
    'A reference that is dropped twice frees memory in use; one that is never dropped leaks it.',
  fix: 'Let each reference have one owner; dma_buf_fd passes it to the descriptor, and a failed call leaves it with the caller.',
  byCalls: 'none',
}
