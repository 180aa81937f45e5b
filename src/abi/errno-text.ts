import type { ErrnoCode } from './errno.ts'

/** The texts of `strerror`, in libuv's lower case, for the errors of buffer sharing. */
const texts: Partial<Record<ErrnoCode, string>> = {
  EPERM: 'operation not permitted',
  ENOENT: 'no such file or directory',
  EINTR: 'interrupted system call',
  EIO: 'i/o error',
  ENXIO: 'no such device or address',
  EBADF: 'bad file descriptor',
  EAGAIN: 'resource temporarily unavailable',
  ENOMEM: 'not enough memory',
  EACCES: 'permission denied',
  EFAULT: 'bad address in system call argument',
  EBUSY: 'resource busy or locked',
  EEXIST: 'file already exists',
  ENODEV: 'no such device',
  EINVAL: 'invalid argument',
  ENFILE: 'file table overflow',
  EMFILE: 'too many open files',
  ENOTTY: 'inappropriate ioctl for device',
  ENOSPC: 'no space left on device',
  ESPIPE: 'invalid seek',
  EPIPE: 'broken pipe',
  ERANGE: 'result too large',
  ENOSYS: 'function not implemented',
  ETIME: 'timer expired',
  EOVERFLOW: 'value too large for defined data type',
  EBADFD: 'file descriptor in bad state',
  EOPNOTSUPP: 'operation not supported',
  ETIMEDOUT: 'connection timed out',
}

/** A few words for `code`, or `unknown error` where none are kept. */
export function errnoText(code: ErrnoCode): string {
  return texts[code] ?? 'unknown error'
}
