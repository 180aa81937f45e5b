import {
  MAP_GROWSDOWN,
  MAP_HUGETLB,
  MAP_PRIVATE,
  MAP_SHARED,
  MAP_SHARED_VALIDATE,
  MAP_TYPE,
  PAGE_SIZE,
  PROT_EXEC,
  PROT_WRITE,
} from '../../abi/fcntl.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import type { OpenFile } from '../dmabuf/file.ts'
import { memfdOf } from '../shmem/memfd-file.ts'
import { canRead, canWrite } from './access-mode.ts'
import { ADDRESS_END } from './address-space.ts'

/** LEGACY_MAP_MASK of include/linux/mman.h: flags that every kernel knows, or ignores. */
const KNOWN_FLAGS = 0x7c07f9f3
/** MAX_LFS_FILESIZE: where a regular file ends at the latest. */
const LONGEST_FILE = 2 ** 63
/** The count of bytes of any other file wraps around there. */
const LONGEST = 2 ** 64

/** Whole pages that hold `length` bytes. */
export function wholePages(length: number): number {
  return Math.ceil(length / PAGE_SIZE) * PAGE_SIZE
}

/** EINVAL unless `value` is a whole number of pages. */
export function requirePages(name: string, value: number): void {
  if (value % PAGE_SIZE === 0) return
  throw new KernelError(
    'EINVAL',
    `${name} ${value} is not a multiple of the page size ${PAGE_SIZE}`,
  )
}

/** The arguments of mmap, unchecked. */
export interface MmapWords {
  /** Bytes. */
  readonly length: number
  /** PROT_ bits. */
  readonly protection: number
  /** MAP_ bits. */
  readonly flags: number
  /** Bytes, whole pages; below zero beyond 2^63. */
  readonly offset: number
}

/**
 * The checks that mmap makes before it asks the file. EINVAL, ENOMEM, EOVERFLOW, EACCES, EPERM,
 * EOPNOTSUPP, ENODEV; returns whether the mapping is shared. Source: ksys_mmap_pgoff and do_mmap in
 * mm/mmap.c of Linux 6.12, in their order.
 */
export function checkMmap(
  file: OpenFile,
  { length, protection, flags, offset }: MmapWords,
): boolean {
  if ((flags & MAP_HUGETLB) !== 0) throw new KernelError('EINVAL', 'no file here has huge pages')
  if (!(length > 0)) throw new KernelError('EINVAL', `length is ${length}`)
  const whole = wholePages(length)
  if (whole > ADDRESS_END) throw new KernelError('ENOMEM', `no process has ${length} bytes`)
  requireReachable(file, offset < 0 ? offset + LONGEST : offset, whole)
  const shared = checkType(file, flags, protection)
  if (!canRead(file.flags)) {
    throw new KernelError('EACCES', 'the descriptor is not open for reading: open it O_RDWR')
  }
  if ((protection & PROT_EXEC) !== 0 && file.isNoExec === true) {
    throw new KernelError('EPERM', `${file.what} cannot be executed`)
  }
  if (file.mmap === undefined) {
    throw new KernelError('ENODEV', `${file.what} cannot be mapped`)
  }
  if ((flags & MAP_GROWSDOWN) !== 0)
    throw new KernelError('EINVAL', 'a file does not grow downward')
  return shared
}

/** file_mmap_ok: EOVERFLOW. */
function requireReachable(file: OpenFile, offset: number, length: number): void {
  const end = memfdOf(file) === undefined ? LONGEST : LONGEST_FILE
  if (offset + length < end) return
  if (file.hasUnsignedOffsets === true && offset + length === end) return
  throw new KernelError('EOVERFLOW', `no file has bytes at ${offset}`)
}

/** Returns whether the mapping is shared. */
function checkType(file: OpenFile, flags: number, protection: number): boolean {
  const type = flags & MAP_TYPE
  if (type !== MAP_SHARED && type !== MAP_PRIVATE && type !== MAP_SHARED_VALIDATE) {
    throw new KernelError('EINVAL', `flags 0x${flags.toString(16)}: neither shared nor private`)
  }
  const unknown = flags & ~KNOWN_FLAGS
  if (type === MAP_SHARED_VALIDATE && unknown !== 0) {
    throw new KernelError('EOPNOTSUPP', `flags 0x${unknown.toString(16)} are not known here`)
  }
  const shared = type !== MAP_PRIVATE
  if (shared && (protection & PROT_WRITE) !== 0 && !canWrite(file.flags)) {
    throw new KernelError(
      'EACCES',
      'the descriptor is not open for writing: open it O_RDWR, or map without PROT_WRITE',
    )
  }
  return shared
}
