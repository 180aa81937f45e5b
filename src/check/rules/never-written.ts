import type { Rule } from './rule.ts'

export const neverWritten: Rule<'never-written'> = {
  id: 'never-written',
  group: 'F1',
  severity: 'lint',
  claim: 'A device reads the bytes that were written, and not others beside them.',
  hardware:
    'The device reads the initial contents of the memory: zeros, which are black or green, or an earlier picture.',
  fix: 'Check offset, pitch and height of each plane against those of the writer: padded rows lie before the next plane.',
  byCalls: 'none',
}
