import type { Rule } from './rule.ts'

export const outOfRange: Rule<'out-of-range'> = {
  id: 'out-of-range',
  group: 'F1',
  severity: 'error',
  claim:
    "Offsets and sizes stay within the descriptor's buffer, and a mapping begins at a page boundary.",
  hardware:
    'The CPU gets SIGBUS or EFAULT, mmap and framebuffers fail with EINVAL, or a device overwrites unrelated memory.',
  fix: 'Ask the descriptor for its size (lseek to the end) and check offset + pitch × height against it; never trust a declared size.',
  // Seen: accesses by the CPU. Unseen: a device's.
  byCalls: 'part',
}
