import {
  F_ADD_SEALS,
  F_DUPFD,
  F_DUPFD_CLOEXEC,
  F_GET_SEALS,
  F_GETFD,
  F_GETFL,
  F_SETFD,
  F_SETFL,
  FD_CLOEXEC,
  O_APPEND,
  O_DIRECT,
  O_NOATIME,
  O_NONBLOCK,
} from '../../abi/fcntl.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import type { OpenFile } from '../dmabuf/file.ts'
import type { Memfd } from '../shmem/memfd.ts'
import { memfdOf } from '../shmem/memfd-file.ts'
import { canWrite } from './access-mode.ts'
import type { Descriptors } from './descriptors.ts'

/** The flags that F_SETFL may change; the rest of a file's flags is fixed at open (SETFL_MASK). */
const SETTABLE = O_APPEND | O_NONBLOCK | O_NOATIME

/** fcntl. EBADF, EINVAL, EMFILE, and for seals EPERM and EBUSY. Source: fs/fcntl.c, mm/memfd.c. */
export function fileControl(
  descriptors: Descriptors,
  fd: number,
  command: number,
  argument: number,
): number {
  const { file } = descriptors.openFile(fd)
  switch (command) {
    case F_DUPFD:
      return descriptors.duplicate(fd, 0, argument)
    case F_DUPFD_CLOEXEC:
      return descriptors.duplicate(fd, FD_CLOEXEC, argument)
    case F_GETFD:
      return descriptors.flagsOf(fd)
    case F_SETFD:
      descriptors.setFlags(fd, argument & FD_CLOEXEC)
      return 0
    case F_GETFL:
      return file.flags
    case F_SETFL:
      if ((argument & O_DIRECT) !== 0) {
        throw new KernelError('EINVAL', `${file.what} cannot be accessed with O_DIRECT`)
      }
      file.flags = (file.flags & ~SETTABLE) | (argument & SETTABLE)
      return 0
    case F_ADD_SEALS:
      if (!canWrite(file.flags)) {
        throw new KernelError('EPERM', `fd ${fd} is not open for writing`)
      }
      memoryOf(file).addSeals(argument)
      return 0
    case F_GET_SEALS:
      return memoryOf(file).seals
    default:
      throw new KernelError('EINVAL', `fcntl command ${command} is not known here`)
  }
}

function memoryOf(file: OpenFile): Memfd {
  const memory = memfdOf(file)
  if (memory === undefined) throw new KernelError('EINVAL', `${file.what} is not a memfd`)
  return memory
}
