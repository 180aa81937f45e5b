import { errno } from '../abi/errno.ts'
import { F_DUPFD_CLOEXEC } from '../abi/fcntl.ts'
import type { Libc } from './libc.ts'

/** Above the descriptors that programs usually have open: they get the numbers they would get without this package. */
const LOWEST = 512

/** A descriptor of our own for the open file of `fd`, for the time of a call. EBADF, EMFILE. */
export function ownDescriptor(libc: Libc, fd: number): number {
  const high = libc.fcntl(fd, F_DUPFD_CLOEXEC, LOWEST)
  const isLimited = high === -errno.EINVAL || high === -errno.EMFILE
  return isLimited ? libc.fcntl(fd, F_DUPFD_CLOEXEC, 0) : high
}
