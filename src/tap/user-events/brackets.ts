import { DMA_BUF_SYNC_END, dmaBufSync, syncAccess } from '../../abi/dma-buf.ts'
import type { Request } from './request.ts'
import type { Tell } from './tell.ts'

/**
 * DMA_BUF_IOCTL_SYNC returned `result`. The synced devices are not known outside the kernel:
 * `synced` is empty. Flags without an access are not a CPU access.
 */
export function synced(
  { file: { buffer }, argument: { bytes } }: Request,
  result: number,
  tell: Tell,
): void {
  const { flags } = dmaBufSync.over(bytes)
  const access = syncAccess(flags)
  if (buffer === undefined || access === undefined) return
  const isEnd = (flags & DMA_BUF_SYNC_END) !== 0
  if (result >= 0) buffer.open = Math.max(0, buffer.open + (isEnd ? -1 : 1))
  const kind = isEnd ? 'cpu-access-end' : 'cpu-access-begin'
  tell({ kind, buffer: buffer.id, access, result, synced: [] })
}
