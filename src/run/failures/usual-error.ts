import type { ErrnoCode } from '../../abi/errno.ts'

/** What each call, request, and place inside the kernel usually fails with. */
const USUAL: Readonly<Record<string, ErrnoCode>> = {
  open: 'EMFILE',
  dup: 'EMFILE',
  memfd_create: 'EMFILE',
  get_unused_fd_flags: 'EMFILE',
  mmap: 'ENOMEM',
  mremap: 'ENOMEM',
  ftruncate: 'ENOMEM',
  poll: 'EINTR',
  DMA_HEAP_IOCTL_ALLOC: 'ENOMEM',
  UDMABUF_CREATE: 'ENOMEM',
  UDMABUF_CREATE_LIST: 'ENOMEM',
  VIDIOC_REQBUFS: 'ENOMEM',
  DMA_BUF_IOCTL_EXPORT_SYNC_FILE: 'EMFILE',
  DMA_BUF_IOCTL_IMPORT_SYNC_FILE: 'ENOMEM',
  SYNC_IOC_MERGE: 'EMFILE',
  SYNC_IOC_FILE_INFO: 'ENOMEM',
  DRM_IOCTL_VGEM_FENCE_ATTACH: 'ENOMEM',
  alloc_pages: 'ENOMEM',
  kmalloc: 'ENOMEM',
  vmalloc: 'ENOMEM',
  memfd_pin_folios: 'ENOMEM',
  idr_alloc: 'ENOMEM',
  dma_resv_reserve_fences: 'ENOMEM',
  dma_buf_export: 'ENOMEM',
  dma_alloc_coherent: 'ENOMEM',
  vmap: 'ENOMEM',
  attach: 'EBUSY',
  map_dma_buf: 'ENOMEM',
  pin: 'ENOMEM',
  copy_to_user: 'EFAULT',
  copy_from_user: 'EFAULT',
}

/** Giving things back does not fail in a way that a program could do anything about. */
const NEVER: ReadonlySet<string> = new Set([
  ...['close', 'munmap', 'view', 'load', 'store'],
  ...['DRM_IOCTL_GEM_CLOSE', 'DRM_IOCTL_MODE_RMFB', 'VIDIOC_STREAMOFF'],
])

export function canFail(call: string): boolean {
  return !NEVER.has(call)
}

/** EIO where nothing else is customary: every driver may return it. */
export function usualError(call: string): ErrnoCode {
  return USUAL[call] ?? 'EIO'
}
