import type { OpenFile } from '../dmabuf/file.ts'
import { KernelError } from '../machine/kernel-error.ts'
import { O_RDONLY } from '../uapi/fcntl.ts'
import type { FdTable } from './fd-table.ts'

/** The mount that dma-buf files are on, and other generic numbers: the same for every file here. */
const MOUNT_ID = 15

/** /proc/self/fdinfo/<fd>: a text, read once from its start to its end. ENOENT for an fd not open. */
export function fdinfoFile(path: string, fd: number, fds: FdTable): OpenFile {
  const description = fds.get(fd)
  if (description === undefined) throw new KernelError('ENOENT', `fd ${fd} is not open`)
  const { file, id } = description
  const flags = file.flags.toString(8).padStart(7, '0')
  const inode = file.buffer?.inode ?? id
  const generic = `pos:\t0\nflags:\t0${flags}\nmnt_id:\t${MOUNT_ID}\nino:\t${inode}\n`
  const text = new TextEncoder().encode(generic + (file.fdinfo?.() ?? ''))
  let at = 0
  return {
    what: path,
    flags: O_RDONLY,
    read: (target) => {
      const part = text.subarray(at, at + target.length)
      target.set(part)
      at += part.length
      return part.length
    },
    release: () => {},
  }
}
