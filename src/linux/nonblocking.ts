import { F_GETFL, F_SETFL, O_NONBLOCK } from '../abi/fcntl.ts'
import type { Libc } from './libc.ts'

/** Whether a call on `fd` fails with EAGAIN where it would sleep. */
export function isNonblocking(libc: Libc, fd: number): boolean {
  const flags = libc.fcntl(fd, F_GETFL, 0)
  return flags < 0 || (flags & O_NONBLOCK) !== 0
}

/**
 * Makes `call` on `fd` as if the descriptor had O_NONBLOCK, and takes the flag off again. The flag
 * belongs to the open file: another process or thread that shares it sees the flag meanwhile, for some
 * microseconds. Returns at once if the driver respects the flag.
 */
export function nonblocking(libc: Libc, fd: number, call: () => number): number {
  const flags = libc.fcntl(fd, F_GETFL, 0)
  if (flags < 0 || (flags & O_NONBLOCK) !== 0) return call()
  const set = libc.fcntl(fd, F_SETFL, flags | O_NONBLOCK)
  if (set < 0) return set
  try {
    return call()
  } finally {
    libc.fcntl(fd, F_SETFL, flags)
  }
}
