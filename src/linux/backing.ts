import { fstatSync, type Stats } from 'node:fs'
import { F_GET_SEALS, MAP_ANONYMOUS, PAGE_SIZE } from '../abi/fcntl.ts'
import { F_SEAL_SHRINK } from '../abi/memfd.ts'
import { alignUp } from '../base/bits.ts'
import { isDmaBuf } from './dma-buf-file.ts'
import type { Libc } from './libc.ts'

/** The device number of /dev/zero, 1:5. */
const DEV_ZERO = 0x105

/**
 * The kind of memory behind a mapping. `dma-buf` and `fixed` keep their size, so that no access to a mapped page
 * can fail; in a file that `may-shrink`, an access behind its new end is a SIGBUS, which ends the
 * process.
 */
export type Backing = 'dma-buf' | 'fixed' | 'may-shrink'

/** The kind of memory of `length` mappable bytes from `offset` of `fd`. */
export function backingOf(
  libc: Libc,
  flags: number,
  fd: number,
  offset: number,
  length: number,
): Backing {
  if ((flags & MAP_ANONYMOUS) !== 0) return 'fixed'
  if (isDmaBuf(libc, fd)) return 'dma-buf'
  const stats = statsOf(fd)
  if (stats === undefined) return 'may-shrink'
  if (stats.isCharacterDevice()) {
    // Mapping /dev/zero makes a new file of the mapping's length. From an offset on, the file ends first.
    return stats.rdev === DEV_ZERO && offset > 0 ? 'may-shrink' : 'fixed'
  }
  const seals = libc.fcntl(fd, F_GET_SEALS, 0)
  const keepsSize = seals >= 0 && (seals & F_SEAL_SHRINK) !== 0
  const isInside = offset + length <= alignUp(stats.size, PAGE_SIZE)
  return keepsSize && isInside ? 'fixed' : 'may-shrink'
}

function statsOf(fd: number): Stats | undefined {
  try {
    return fstatSync(fd)
  } catch {
    return undefined
  }
}
