import type { OpenFile } from '../dmabuf/file.ts'
import { KernelError } from '../machine/kernel-error.ts'
import { PAGE_SIZE } from '../machine/ram.ts'
import {
  MAP_PRIVATE,
  MAP_SHARED,
  MAP_SHARED_VALIDATE,
  MAP_TYPE,
  O_ACCMODE,
  O_RDONLY,
  O_WRONLY,
  PROT_WRITE,
} from '../uapi/fcntl.ts'

/** LEGACY_MAP_MASK of include/linux/mman.h: what every kernel knows, or ignores. */
const KNOWN_FLAGS = 0xffff3

/** Whole pages that hold `length` bytes. */
export function wholePages(length: number): number {
  return Math.ceil(length / PAGE_SIZE) * PAGE_SIZE
}

/** EINVAL unless `value` is a whole number of pages. */
export function requirePages(name: string, value: number): void {
  if (value >= 0 && value % PAGE_SIZE === 0) return
  throw new KernelError('EINVAL', `${name} ${value} is not a multiple of ${PAGE_SIZE}`)
}

/**
 * The checks that mmap makes before it asks the file. EINVAL, EACCES, EOPNOTSUPP; returns whether the
 * mapping is shared. Source: do_mmap in mm/mmap.c of Linux 6.12.
 */
export function checkMmap(
  file: OpenFile,
  length: number,
  protection: number,
  flags: number,
): boolean {
  if (!(length > 0)) throw new KernelError('EINVAL', `length is ${length}`)
  const type = flags & MAP_TYPE
  if (type !== MAP_SHARED && type !== MAP_PRIVATE && type !== MAP_SHARED_VALIDATE) {
    throw new KernelError('EINVAL', `flags 0x${flags.toString(16)}: neither shared nor private`)
  }
  const unknown = flags & ~KNOWN_FLAGS
  if (type === MAP_SHARED_VALIDATE && unknown !== 0) {
    throw new KernelError('EOPNOTSUPP', `flags 0x${unknown.toString(16)} are not known here`)
  }
  const shared = type !== MAP_PRIVATE
  const mode = file.flags & O_ACCMODE
  if (shared && (protection & PROT_WRITE) !== 0 && mode === O_RDONLY) {
    throw new KernelError('EACCES', 'the descriptor is not open for writing')
  }
  if (mode === O_WRONLY) throw new KernelError('EACCES', 'the descriptor is not open for reading')
  return shared
}
