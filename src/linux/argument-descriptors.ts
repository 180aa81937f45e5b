import { DMA_BUF_IOCTL_IMPORT_SYNC_FILE, dmaBufImportSyncFile } from '../abi/dma-buf.ts'
import { DRM_IOCTL_PRIME_FD_TO_HANDLE, drmPrimeHandle } from '../abi/drm.ts'
import { errno } from '../abi/errno.ts'
import { SYNC_IOC_MERGE, syncMergeData } from '../abi/sync-file.ts'
import {
  UDMABUF_CREATE,
  UDMABUF_CREATE_LIST,
  udmabufCreate,
  udmabufCreateItem,
  udmabufCreateList,
} from '../abi/udmabuf.ts'
import { V4L2_MEMORY_DMABUF, VIDIOC_QBUF } from '../abi/v4l2.ts'
import { v4l2Buffer } from '../abi/v4l2-struct.ts'
import type { Libc } from './libc.ts'
import { ownDescriptor } from './own-descriptor.ts'

/** Where each request that takes a descriptor in its structure has it: the offsets of those in use. */
const places: ReadonlyMap<number, (bytes: Uint8Array) => readonly number[]> = new Map([
  [UDMABUF_CREATE, () => [udmabufCreate.offsets.memfd]],
  [UDMABUF_CREATE_LIST, itemsOf],
  [DRM_IOCTL_PRIME_FD_TO_HANDLE, () => [drmPrimeHandle.offsets.fd]],
  [SYNC_IOC_MERGE, () => [syncMergeData.offsets.fd2]],
  [DMA_BUF_IOCTL_IMPORT_SYNC_FILE, () => [dmaBufImportSyncFile.offsets.fd]],
  [
    VIDIOC_QBUF,
    (bytes) =>
      v4l2Buffer.over(bytes).memory === V4L2_MEMORY_DMABUF ? [v4l2Buffer.offsets.m_fd] : [],
  ],
])

function itemsOf(bytes: Uint8Array): readonly number[] {
  const { count } = udmabufCreateList.over(bytes)
  const room = Math.floor((bytes.length - udmabufCreateList.size) / udmabufCreateItem.size)
  return Array.from(
    { length: Math.min(count, room) },
    (_, i) => udmabufCreateList.size + i * udmabufCreateItem.size + udmabufCreateItem.offsets.memfd,
  )
}

/**
 * Replaces the descriptors that the request names in `bytes` by duplicates, so that the call acts on the
 * files that were open when it was made. Returns a function that restores them; a descriptor that the kernel
 * has overwritten stays as the kernel wrote it.
 */
export function holdDescriptors(libc: Libc, request: number, bytes: Uint8Array): () => void {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const owns = new Map<number, number>()
  const held = (places.get(request)?.(bytes) ?? []).map((offset) => {
    const fd = data.getInt32(offset, true)
    const own = owns.get(fd) ?? ownDescriptor(libc, fd)
    owns.set(fd, own)
    // A number that is not open now stands for nothing, whatever it will be when the call is made.
    if (own >= 0 || own === -errno.EBADF) data.setInt32(offset, Math.max(own, -1), true)
    return { offset, fd, own }
  })
  return () => {
    for (const { offset, fd, own } of held) {
      if (data.getInt32(offset, true) === Math.max(own, -1)) data.setInt32(offset, fd, true)
    }
    for (const own of owns.values()) if (own >= 0) libc.close(own)
  }
}
