import type { ErrnoCode } from '../abi/errno.ts'
import type { Syscalls } from './syscalls.ts'

/** The facts of one system call. */
export interface SyscallInfo {
  /** As C and the man pages call it; `view`, `load` and `store` stand for loads and stores by the CPU. */
  readonly name: string
  /** The error that it usually fails with; `never` for one that returns something. */
  readonly fails: ErrnoCode | 'never'
}

/** Every call of the waist; `Syscalls` documents them. */
export const syscallTable: Readonly<Record<keyof Syscalls, SyscallInfo>> = {
  open: { name: 'open', fails: 'EMFILE' },
  close: { name: 'close', fails: 'never' },
  dup: { name: 'dup', fails: 'EMFILE' },
  lseek: { name: 'lseek', fails: 'EIO' },
  fcntl: { name: 'fcntl', fails: 'EIO' },
  read: { name: 'read', fails: 'EIO' },
  memfdCreate: { name: 'memfd_create', fails: 'EMFILE' },
  ftruncate: { name: 'ftruncate', fails: 'ENOMEM' },
  ioctl: { name: 'ioctl', fails: 'EIO' },
  poll: { name: 'poll', fails: 'EINTR' },
  mmap: { name: 'mmap', fails: 'ENOMEM' },
  munmap: { name: 'munmap', fails: 'never' },
  mremap: { name: 'mremap', fails: 'ENOMEM' },
  view: { name: 'view', fails: 'never' },
  load: { name: 'load', fails: 'never' },
  store: { name: 'store', fails: 'never' },
}

/** The names of the calls but for ioctl: each of its requests has its own name. */
export const syscallNames: readonly string[] = Object.values(syscallTable)
  .map(({ name }) => name)
  .filter((name) => name !== 'ioctl')

/** The usual error of the call with this name; undefined for an ioctl and for an unknown name. */
export function usualErrorOfCall(name: string): ErrnoCode | 'never' | undefined {
  return Object.values(syscallTable).find((info) => info.name === name && name !== 'ioctl')?.fails
}
