import {
  DMA_BUF_IOCTL_EXPORT_SYNC_FILE,
  DMA_BUF_IOCTL_IMPORT_SYNC_FILE,
  DMA_BUF_IOCTL_SYNC,
  DMA_BUF_SET_NAME_A,
  DMA_BUF_SET_NAME_B,
  DMA_BUF_SYNC_END,
  DMA_BUF_SYNC_RW,
  DMA_BUF_SYNC_WRITE,
  dmaBufSync,
} from '../abi/dma-buf.ts'
import { DMA_HEAP_IOCTL_ALLOC, dmaHeapAllocationData } from '../abi/dma-heap.ts'
import * as drm from '../abi/drm.ts'
import * as dumb from '../abi/drm-dumb.ts'
import * as fb from '../abi/drm-framebuffer.ts'
import * as mode from '../abi/drm-mode.ts'
import { errno } from '../abi/errno.ts'
import { POLLIN, POLLOUT, POLLPRI } from '../abi/fcntl.ts'
import { ior } from '../abi/ioctl-number.ts'
import { SYNC_IOC_FILE_INFO, SYNC_IOC_MERGE } from '../abi/sync-file.ts'
import { UDMABUF_CREATE, udmabufCreate } from '../abi/udmabuf.ts'
import * as v4l2 from '../abi/v4l2.ts'
import { v4l2Buffer } from '../abi/v4l2-struct.ts'
import { DRM_IOCTL_VGEM_FENCE_ATTACH, DRM_IOCTL_VGEM_FENCE_SIGNAL } from '../abi/vgem.ts'
import { requests } from '../syscalls/requests.ts'

/** The request sleeps until poll reports `events`: poll is asked first, and nothing else can go wrong. */
export interface FenceWait {
  readonly until: 'fences'
  readonly events: number
}

/**
 * The request sleeps until the device has something for it, unless the descriptor has O_NONBLOCK: it
 * then fails with `empty`, a negative errno. Polling before the call is wrong: on a video device without
 * buffers it starts the emulation of read(), after which every request of streaming is EBUSY.
 * Source: vb2_core_poll and __vb2_wait_for_done_vb in videobuf2-core.c, v4l2_event_dequeue.
 */
export interface DeviceWait {
  readonly until: 'device'
  readonly events: number
  readonly empty: number
}

/**
 * How a request may keep its caller waiting, and so how it is made without stopping the event loop.
 *
 * `now`: it computes and returns, so it is called in place. `later`: it works for long, and is called on
 * another thread. `unknown`: it may sleep without end, and is called on one of few threads.
 */
export type Waiting = 'now' | 'later' | 'unknown' | FenceWait | DeviceWait

/** Zeroing more than this takes longer than a call on another thread costs (0.1 ms). */
const MANY_BYTES = 1 << 20

/** _IOR('V', 89, struct v4l2_event), whose size is the same on all 64 bit machines. */
const VIDIOC_DQEVENT = ior('V', 89, 136)

const prompt: ReadonlySet<number> = new Set([
  DMA_BUF_SET_NAME_A,
  DMA_BUF_SET_NAME_B,
  DMA_BUF_IOCTL_EXPORT_SYNC_FILE,
  DMA_BUF_IOCTL_IMPORT_SYNC_FILE,
  SYNC_IOC_MERGE,
  SYNC_IOC_FILE_INFO,
  DRM_IOCTL_VGEM_FENCE_ATTACH,
  DRM_IOCTL_VGEM_FENCE_SIGNAL,
  drm.DRM_IOCTL_VERSION,
  drm.DRM_IOCTL_GET_CAP,
  drm.DRM_IOCTL_GEM_CLOSE,
  drm.DRM_IOCTL_PRIME_HANDLE_TO_FD,
  drm.DRM_IOCTL_PRIME_FD_TO_HANDLE,
  dumb.DRM_IOCTL_MODE_CREATE_DUMB,
  dumb.DRM_IOCTL_MODE_MAP_DUMB,
  dumb.DRM_IOCTL_MODE_DESTROY_DUMB,
  fb.DRM_IOCTL_MODE_ADDFB2,
  fb.DRM_IOCTL_MODE_PAGE_FLIP,
  mode.DRM_IOCTL_MODE_GETRESOURCES,
  mode.DRM_IOCTL_MODE_GETCRTC,
  mode.DRM_IOCTL_MODE_GETENCODER,
  v4l2.VIDIOC_QUERYCAP,
  v4l2.VIDIOC_ENUM_FMT,
  v4l2.VIDIOC_G_FMT,
  v4l2.VIDIOC_QUERYBUF,
  v4l2.VIDIOC_QBUF,
  v4l2.VIDIOC_EXPBUF,
])

/** How `request` with the structure `bytes` may wait. */
export function waitingOf(request: number, bytes: Uint8Array): Waiting {
  if (request === DMA_BUF_IOCTL_SYNC) return syncWaiting(bytes)
  if (prompt.has(request)) return 'now'
  switch (request) {
    case DMA_HEAP_IOCTL_ALLOC:
      return dmaHeapAllocationData.over(bytes).len > MANY_BYTES ? 'later' : 'now'
    case UDMABUF_CREATE:
      return udmabufCreate.over(bytes).size > MANY_BYTES ? 'later' : 'now'
    case v4l2.VIDIOC_DQBUF: {
      const events = isOutput(v4l2Buffer.over(bytes).type) ? POLLOUT : POLLIN
      return { until: 'device', events, empty: -errno.EAGAIN }
    }
    case VIDIOC_DQEVENT:
      return { until: 'device', events: POLLPRI, empty: -errno.ENOENT }
    default:
      return requests.has(request) ? 'later' : 'unknown'
  }
}

/**
 * START waits for the writers' fences, and for the readers' too before a write: the fences that poll
 * reports. END never waits, and wrong flags are refused at once. Source: dma_buf_begin_cpu_access.
 */
function syncWaiting(bytes: Uint8Array): Waiting {
  const flags = bytes[0] ?? 0
  const access = flags & DMA_BUF_SYNC_RW
  const isStart = access === flags && access !== 0
  if (!isStart || (flags & DMA_BUF_SYNC_END) !== 0) return 'now'
  for (let i = 1; i < dmaBufSync.size; i++) if (bytes[i] !== 0) return 'now'
  return { until: 'fences', events: (access & DMA_BUF_SYNC_WRITE) === 0 ? POLLIN : POLLOUT }
}

/** V4L2_BUF_TYPE_VIDEO_OUTPUT and _OUTPUT_MPLANE: buffers come back when they have been shown. */
function isOutput(type: number): boolean {
  return type === 2 || type === 10
}
