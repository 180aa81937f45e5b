import { errno } from '../abi/errno.ts'
import { SEEK_CUR, SEEK_END } from '../abi/fcntl.ts'
import type { Libc } from './libc.ts'

/**
 * Whether `fd` leads to a dma-buf: the one kind of file that returns its size for SEEK_END and refuses
 * SEEK_CUR. Source: dma_buf_llseek.
 */
export function isDmaBuf(libc: Libc, fd: number): boolean {
  return libc.lseek(fd, 0, SEEK_CUR) === -errno.EINVAL && libc.lseek(fd, 0, SEEK_END) >= 0
}
