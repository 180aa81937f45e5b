import type { Rule } from './rule.ts'

export const mappingLeak: Rule<'mapping-leak'> = {
  id: 'mapping-leak',
  group: 'E4',
  severity: 'error',
  claim:
    'Each attach has its detach, each map its unmap, each vmap its vunmap, on error paths too.',
  hardware:
    'The device still reaches memory that goes to its next owner; IOVA space, bounce slots and pages run out.',
  fix: 'Undo each step in reverse order where the driver releases the buffer, and on every error path after the step.',
  byCalls: 'none',
}
