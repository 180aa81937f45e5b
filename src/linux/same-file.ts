import type { Libc } from './libc.ts'

/**
 * Whether two descriptors lead to one open file, as those of `dup` do. False where the kernel does not
 * say, without CONFIG_KCMP or under a sandbox.
 */
export function isSameFile(libc: Libc, first: number, second: number): boolean {
  return libc.kcmpFile(first, second) === 0
}
