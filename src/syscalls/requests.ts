import * as buf from '../abi/dma-buf.ts'
import * as heap from '../abi/dma-heap.ts'
import * as drm from '../abi/drm.ts'
import * as dumb from '../abi/drm-dumb.ts'
import * as fb from '../abi/drm-framebuffer.ts'
import * as mode from '../abi/drm-mode.ts'
import { ioctlSize } from '../abi/ioctl-number.ts'
import type { Struct } from '../abi/struct.ts'
import * as sync from '../abi/sync-file.ts'
import * as udmabuf from '../abi/udmabuf.ts'
import * as v4l2 from '../abi/v4l2.ts'
import * as video from '../abi/v4l2-struct.ts'
import * as vgem from '../abi/vgem.ts'

/** A pointer field of a request's structure, and how many bytes the kernel may touch behind it. */
export interface RequestPointer {
  readonly field: string
  readonly offset: number
  /** Bytes, from the counts in the structure. */
  length(bytes: Uint8Array): number
}

/** What is known about one ioctl number. */
export interface RequestInfo {
  /** The header file's name. */
  readonly name: string
  readonly request: number
  /** Bytes, as the number says. */
  readonly size: number
  /** Absent where the argument is a text. */
  readonly struct?: Struct<object> | undefined
  readonly pointers: readonly RequestPointer[]
  /** Bytes that the kernel reads although the number does not count them; for a list behind its head. */
  readonly whole?: ((bytes: Uint8Array) => number) | undefined
}

/** `field` points at `count` elements of `each` bytes. */
function pointerTo<V extends Record<C, number>, C extends keyof V>(
  layout: Struct<V>,
  field: keyof V & string,
  count: C,
  each: number,
): RequestPointer {
  return {
    field,
    offset: layout.offsets[field],
    length: (bytes) => layout.over(bytes)[count] * each,
  }
}

const texts = (['name', 'date', 'desc'] as const).map((field) =>
  pointerTo(drm.drmVersion, field, `${field}_len`, 1),
)
const resources = (['fb', 'crtc', 'connector', 'encoder'] as const).map((kind) =>
  pointerTo(mode.drmModeCardRes, `${kind}_id_ptr`, `count_${kind}s`, 4),
)
const connector = [
  pointerTo(mode.drmModeGetConnector, 'encoders_ptr', 'count_encoders', 4),
  pointerTo(mode.drmModeGetConnector, 'modes_ptr', 'count_modes', mode.drmModeModeinfo.size),
  pointerTo(mode.drmModeGetConnector, 'props_ptr', 'count_props', 4),
  pointerTo(mode.drmModeGetConnector, 'prop_values_ptr', 'count_props', 8),
]
const fences = [
  pointerTo(sync.syncFileInfo, 'sync_fence_info', 'num_fences', sync.syncFenceInfo.size),
]
const connectors = [pointerTo(mode.drmModeCrtc, 'set_connectors_ptr', 'count_connectors', 4)]

type Row = readonly [
  name: string,
  request: number,
  struct?: Struct<object> | undefined,
  pointers?: readonly RequestPointer[],
  whole?: (bytes: Uint8Array) => number,
]
const rows: readonly Row[] = [
  ['DMA_HEAP_IOCTL_ALLOC', heap.DMA_HEAP_IOCTL_ALLOC, heap.dmaHeapAllocationData],
  ['DMA_BUF_IOCTL_SYNC', buf.DMA_BUF_IOCTL_SYNC, buf.dmaBufSync],
  ['DMA_BUF_SET_NAME_A', buf.DMA_BUF_SET_NAME_A],
  ['DMA_BUF_SET_NAME_B', buf.DMA_BUF_SET_NAME_B],
  ['DMA_BUF_IOCTL_EXPORT_SYNC_FILE', buf.DMA_BUF_IOCTL_EXPORT_SYNC_FILE, buf.dmaBufExportSyncFile],
  ['DMA_BUF_IOCTL_IMPORT_SYNC_FILE', buf.DMA_BUF_IOCTL_IMPORT_SYNC_FILE, buf.dmaBufImportSyncFile],
  ['SYNC_IOC_MERGE', sync.SYNC_IOC_MERGE, sync.syncMergeData],
  ['SYNC_IOC_FILE_INFO', sync.SYNC_IOC_FILE_INFO, sync.syncFileInfo, fences],
  ['UDMABUF_CREATE', udmabuf.UDMABUF_CREATE, udmabuf.udmabufCreate],
  [
    'UDMABUF_CREATE_LIST',
    udmabuf.UDMABUF_CREATE_LIST,
    udmabuf.udmabufCreateList,
    [],
    udmabuf.udmabufListSize,
  ],
  ['VIDIOC_QUERYCAP', v4l2.VIDIOC_QUERYCAP, video.v4l2Capability],
  ['VIDIOC_ENUM_FMT', v4l2.VIDIOC_ENUM_FMT, video.v4l2Fmtdesc],
  ['VIDIOC_G_FMT', v4l2.VIDIOC_G_FMT, video.v4l2Format],
  ['VIDIOC_S_FMT', v4l2.VIDIOC_S_FMT, video.v4l2Format],
  ['VIDIOC_TRY_FMT', v4l2.VIDIOC_TRY_FMT, video.v4l2Format],
  ['VIDIOC_REQBUFS', v4l2.VIDIOC_REQBUFS, video.v4l2Requestbuffers],
  ['VIDIOC_QUERYBUF', v4l2.VIDIOC_QUERYBUF, video.v4l2Buffer],
  ['VIDIOC_QBUF', v4l2.VIDIOC_QBUF, video.v4l2Buffer],
  ['VIDIOC_EXPBUF', v4l2.VIDIOC_EXPBUF, video.v4l2Exportbuffer],
  ['VIDIOC_DQBUF', v4l2.VIDIOC_DQBUF, video.v4l2Buffer],
  ['VIDIOC_STREAMON', v4l2.VIDIOC_STREAMON, video.v4l2Type],
  ['VIDIOC_STREAMOFF', v4l2.VIDIOC_STREAMOFF, video.v4l2Type],
  ['DRM_IOCTL_VERSION', drm.DRM_IOCTL_VERSION, drm.drmVersion, texts],
  ['DRM_IOCTL_GEM_CLOSE', drm.DRM_IOCTL_GEM_CLOSE, drm.drmGemClose],
  ['DRM_IOCTL_GET_CAP', drm.DRM_IOCTL_GET_CAP, drm.drmGetCap],
  ['DRM_IOCTL_PRIME_HANDLE_TO_FD', drm.DRM_IOCTL_PRIME_HANDLE_TO_FD, drm.drmPrimeHandle],
  ['DRM_IOCTL_PRIME_FD_TO_HANDLE', drm.DRM_IOCTL_PRIME_FD_TO_HANDLE, drm.drmPrimeHandle],
  ['DRM_IOCTL_VGEM_FENCE_ATTACH', vgem.DRM_IOCTL_VGEM_FENCE_ATTACH, vgem.drmVgemFenceAttach],
  ['DRM_IOCTL_VGEM_FENCE_SIGNAL', vgem.DRM_IOCTL_VGEM_FENCE_SIGNAL, vgem.drmVgemFenceSignal],
  ['DRM_IOCTL_MODE_GETRESOURCES', mode.DRM_IOCTL_MODE_GETRESOURCES, mode.drmModeCardRes, resources],
  ['DRM_IOCTL_MODE_GETCRTC', mode.DRM_IOCTL_MODE_GETCRTC, mode.drmModeCrtc],
  ['DRM_IOCTL_MODE_SETCRTC', mode.DRM_IOCTL_MODE_SETCRTC, mode.drmModeCrtc, connectors],
  ['DRM_IOCTL_MODE_GETENCODER', mode.DRM_IOCTL_MODE_GETENCODER, mode.drmModeGetEncoder],
  [
    'DRM_IOCTL_MODE_GETCONNECTOR',
    mode.DRM_IOCTL_MODE_GETCONNECTOR,
    mode.drmModeGetConnector,
    connector,
  ],
  ['DRM_IOCTL_MODE_ADDFB2', fb.DRM_IOCTL_MODE_ADDFB2, fb.drmModeFbCmd2],
  ['DRM_IOCTL_MODE_RMFB', fb.DRM_IOCTL_MODE_RMFB, fb.drmModeRmFb],
  ['DRM_IOCTL_MODE_PAGE_FLIP', fb.DRM_IOCTL_MODE_PAGE_FLIP, fb.drmModeCrtcPageFlip],
  ['DRM_IOCTL_MODE_CREATE_DUMB', dumb.DRM_IOCTL_MODE_CREATE_DUMB, dumb.drmModeCreateDumb],
  ['DRM_IOCTL_MODE_MAP_DUMB', dumb.DRM_IOCTL_MODE_MAP_DUMB, dumb.drmModeMapDumb],
  ['DRM_IOCTL_MODE_DESTROY_DUMB', dumb.DRM_IOCTL_MODE_DESTROY_DUMB, dumb.drmModeDestroyDumb],
]

/** Every ioctl that this package knows, by its number. */
export const requests: ReadonlyMap<number, RequestInfo> = new Map(
  rows.map(([name, request, layout, pointers = [], whole]): [number, RequestInfo] => [
    request,
    { name, request, size: ioctlSize(request), struct: layout, pointers, whole },
  ]),
)

/** The header file's name of `request`, or the number in hexadecimal. Never sleeps. */
export function requestName(request: number): string {
  return requests.get(request)?.name ?? `0x${request.toString(16)}`
}

/** The number of the request that the header files call `name`, if known. Never sleeps. */
export function requestNumber(name: string): number | undefined {
  for (const info of requests.values()) if (info.name === name) return info.request
  return undefined
}
