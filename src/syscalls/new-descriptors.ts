import { DMA_BUF_IOCTL_EXPORT_SYNC_FILE, dmaBufExportSyncFile } from '../abi/dma-buf.ts'
import { DMA_HEAP_IOCTL_ALLOC, dmaHeapAllocationData } from '../abi/dma-heap.ts'
import { DRM_IOCTL_PRIME_HANDLE_TO_FD, drmPrimeHandle } from '../abi/drm.ts'
import { SYNC_IOC_MERGE, syncMergeData } from '../abi/sync-file.ts'
import { UDMABUF_CREATE, UDMABUF_CREATE_LIST } from '../abi/udmabuf.ts'
import { VIDIOC_EXPBUF } from '../abi/v4l2.ts'
import { v4l2Exportbuffer } from '../abi/v4l2-struct.ts'

/** Where each request that makes a descriptor says which. */
const makers: ReadonlyMap<number, (bytes: Uint8Array, result: number) => number> = new Map([
  [DMA_HEAP_IOCTL_ALLOC, (bytes) => dmaHeapAllocationData.over(bytes).fd],
  [DMA_BUF_IOCTL_EXPORT_SYNC_FILE, (bytes) => dmaBufExportSyncFile.over(bytes).fd],
  [DRM_IOCTL_PRIME_HANDLE_TO_FD, (bytes) => drmPrimeHandle.over(bytes).fd],
  [SYNC_IOC_MERGE, (bytes) => syncMergeData.over(bytes).fence],
  [VIDIOC_EXPBUF, (bytes) => v4l2Exportbuffer.over(bytes).fd],
  [UDMABUF_CREATE, (_bytes, result) => result],
  [UDMABUF_CREATE_LIST, (_bytes, result) => result],
])

/** Whether `request` makes a descriptor where it succeeds. Never sleeps. */
export function makesDescriptor(request: number): boolean {
  return makers.has(request)
}

/** The descriptor that a successful `request` has made, if it makes any. Never sleeps. */
export function newDescriptor(
  request: number,
  bytes: Uint8Array,
  result: number,
): number | undefined {
  return result < 0 ? undefined : makers.get(request)?.(bytes, result)
}
