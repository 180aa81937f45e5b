import { FD_CLOEXEC, O_CLOEXEC } from '../../abi/fcntl.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import { dmaBufOf } from '../dmabuf/dma-buf-file.ts'
import type { Descriptors } from './descriptors.ts'

/** The mount that dma-buf files are on, and other generic numbers: the same for every file here. */
const MOUNT_ID = 15

/**
 * The text of /proc/self/fdinfo/`fd`. ENOENT for an fd that is not open. The flags are octal: the
 * access mode, and those of F_SETFL and F_SETFD. Source: seq_show in fs/proc/fd.c.
 */
export function fdinfoText(fd: number, descriptors: Descriptors): string {
  const description = descriptors.get(fd)
  if (description === undefined) throw new KernelError('ENOENT', `fd ${fd} is not open`)
  const { file, id } = description
  const onExec = (descriptors.flagsOf(fd) & FD_CLOEXEC) === 0 ? 0 : O_CLOEXEC
  const flags = (file.flags | onExec).toString(8)
  const inode = dmaBufOf(file)?.inode ?? id
  const position = file.position ?? 0n
  const generic = `pos:\t${position}\nflags:\t0${flags}\nmnt_id:\t${MOUNT_ID}\nino:\t${inode}\n`
  return generic + (file.fdinfo?.() ?? '')
}
