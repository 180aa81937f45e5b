import * as buf from '../../abi/dma-buf.ts'
import { POLLIN, POLLOUT } from '../../abi/fcntl.ts'
import type { Request, Waiting } from './request.ts'

/** Source: include/uapi/linux/dma-buf.h. */
export const dmaBufRequests: readonly Request[] = [
  {
    name: 'DMA_BUF_IOCTL_SYNC',
    request: buf.DMA_BUF_IOCTL_SYNC,
    struct: buf.dmaBufSync,
    waits: syncWaiting,
  },
  { name: 'DMA_BUF_SET_NAME_A', request: buf.DMA_BUF_SET_NAME_A, waits: 'now' },
  { name: 'DMA_BUF_SET_NAME_B', request: buf.DMA_BUF_SET_NAME_B, waits: 'now' },
  {
    name: 'DMA_BUF_IOCTL_EXPORT_SYNC_FILE',
    request: buf.DMA_BUF_IOCTL_EXPORT_SYNC_FILE,
    struct: buf.dmaBufExportSyncFile,
    waits: 'now',
    makes: (bytes) => buf.dmaBufExportSyncFile.over(bytes).fd,
    fails: 'EMFILE',
  },
  {
    name: 'DMA_BUF_IOCTL_IMPORT_SYNC_FILE',
    request: buf.DMA_BUF_IOCTL_IMPORT_SYNC_FILE,
    struct: buf.dmaBufImportSyncFile,
    waits: 'now',
    takes: () => [buf.dmaBufImportSyncFile.offsets.fd],
    fails: 'ENOMEM',
  },
]

/**
 * START waits for the writers' fences, and for the readers' too before a write: the fences that poll
 * reports. END never waits, and wrong flags are refused at once. Source: dma_buf_begin_cpu_access.
 */
function syncWaiting(bytes: Uint8Array): Waiting {
  const { flags } = buf.dmaBufSync.over(bytes)
  const access = buf.syncAccess(flags)
  if (access === undefined || (flags & buf.DMA_BUF_SYNC_END) !== 0) return 'now'
  return {
    until: 'fences',
    events: access === 'read' ? POLLIN : POLLOUT,
  }
}
