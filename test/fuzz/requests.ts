/** Ioctl arguments that make sense as far as small numbers do: handles, descriptors, indexes, ids. */
import * as uapi from '../uapi.ts'

/** Numbers of one operation of a fuzzer, from which everything of it follows. */
export type Numbers = readonly [number, number, number, number]

interface Made {
  readonly request: number
  readonly argument: uapi.IoctlArg
}
type Make = (numbers: Numbers) => Made

const SIZES = [1, 4096, 8192, 65536, 2 ** 20, 2 ** 40, 2 ** 53 - 1, 0] as const
/** Words that are written over any field of a structure. */
const WORDS = [0, 1, 2, 3, 7, 16, 255, 640, 0x80000000, 0xffffffff] as const

/** One of `list`, for any number. */
export function pick<T>(list: readonly T[], number: number): T {
  return list[number % list.length] as T
}

export function sizeFrom(number: number): number {
  return pick(SIZES, number)
}

const small = (number: number): number => number % 8
const side = (number: number): number => [64, 32, 16, 640, 0][number % 5] as number
const plain = (request: number, bytes: Uint8Array): Made => ({
  request,
  argument: uapi.plainArg(bytes),
})

function withIds(request: number, bytes: Uint8Array, at: number, count: number, each = 4): Made {
  const target = uapi.plainArg(new Uint8Array(count * each).fill(1))
  return { request, argument: { bytes, pointers: new Map([[at, target]]) } }
}

const type = uapi.V4L2_BUF_TYPE_VIDEO_CAPTURE
const formats = ['XR24', 'YU12', 'NV12', 'ABCD']
const format = (number: number): number => uapi.fourcc(formats[number % 4] as string)
const memory = (number: number): number =>
  [uapi.V4L2_MEMORY_DMABUF, uapi.V4L2_MEMORY_MMAP, 9][number % 3] as number

const MAKERS: readonly Make[] = [
  ([a]) =>
    plain(
      uapi.DMA_HEAP_IOCTL_ALLOC,
      uapi.dmaHeapAllocationData.create({ len: sizeFrom(a), fd_flags: uapi.O_RDWR }),
    ),
  ([a]) => plain(uapi.DMA_BUF_IOCTL_SYNC, uapi.dmaBufSync.create({ flags: a % 10 })),
  ([a]) => plain(uapi.DMA_BUF_SET_NAME_B, new Uint8Array(32).fill(65, 0, a % 33)),
  ([a]) =>
    plain(
      uapi.DMA_BUF_IOCTL_EXPORT_SYNC_FILE,
      uapi.dmaBufExportSyncFile.create({ flags: a % 5, fd: -1 }),
    ),
  ([a, b]) =>
    plain(
      uapi.DMA_BUF_IOCTL_IMPORT_SYNC_FILE,
      uapi.dmaBufImportSyncFile.create({ flags: a % 5, fd: b % 24 }),
    ),
  ([a]) => plain(uapi.SYNC_IOC_MERGE, uapi.syncMergeData.create({ name: 'fuzz', fd2: a % 24 })),
  ([a]) =>
    withIds(
      uapi.SYNC_IOC_FILE_INFO,
      uapi.syncFileInfo.create({ num_fences: a % 3 }),
      uapi.syncFileInfo.offsets.sync_fence_info,
      a % 3,
      uapi.syncFenceInfo.size,
    ),
  ([a, b, c]) =>
    plain(
      uapi.UDMABUF_CREATE,
      uapi.udmabufCreate.create({
        memfd: a % 24,
        flags: b % 2,
        offset: 4096 * (c % 3),
        size: sizeFrom(b),
      }),
    ),
  ([a, b]) =>
    plain(
      uapi.UDMABUF_CREATE_LIST,
      uapi.udmabufList(
        a % 2,
        Array.from({ length: b % 4 }, (_, i) => ({ memfd: (a + i) % 24, offset: 0, size: 4096 })),
      ),
    ),
  () => plain(uapi.VIDIOC_QUERYCAP, uapi.v4l2Capability.create()),
  ([a]) => plain(uapi.VIDIOC_ENUM_FMT, uapi.v4l2Fmtdesc.create({ index: a % 4, type })),
  ([a, b, c]) => plain(a % 2 === 0 ? uapi.VIDIOC_S_FMT : uapi.VIDIOC_TRY_FMT, setFormat(b, c)),
  () => plain(uapi.VIDIOC_G_FMT, uapi.v4l2Format.create({ type })),
  ([a, b]) =>
    plain(
      uapi.VIDIOC_REQBUFS,
      uapi.v4l2Requestbuffers.create({ count: a % 6, type, memory: memory(b) }),
    ),
  ([a, b, c]) => plain(uapi.VIDIOC_QBUF, queued(a, b, c)),
  ([a, b]) =>
    plain(
      uapi.VIDIOC_QUERYBUF,
      uapi.v4l2Buffer.create({ index: small(a), type, memory: memory(b) }),
    ),
  ([a]) => plain(uapi.VIDIOC_DQBUF, uapi.v4l2Buffer.create({ type, memory: memory(a) })),
  ([a]) =>
    plain(
      uapi.VIDIOC_EXPBUF,
      uapi.v4l2Exportbuffer.create({ type, index: small(a), flags: uapi.O_RDWR }),
    ),
  ([a]) =>
    plain(
      a % 2 === 0 ? uapi.VIDIOC_STREAMON : uapi.VIDIOC_STREAMOFF,
      uapi.v4l2Type.create({ type }),
    ),
  ([a]) =>
    withIds(
      uapi.DRM_IOCTL_VERSION,
      uapi.drmVersion.create({ name_len: a % 9 }),
      uapi.drmVersion.offsets.name,
      a % 9,
      1,
    ),
  ([a]) => plain(uapi.DRM_IOCTL_GET_CAP, uapi.drmGetCap.create({ capability: a % 32 })),
  ([a]) => plain(uapi.DRM_IOCTL_GEM_CLOSE, uapi.drmGemClose.create({ handle: small(a) })),
  ([a]) => plain(uapi.DRM_IOCTL_PRIME_FD_TO_HANDLE, uapi.drmPrimeHandle.create({ fd: a % 24 })),
  ([a, b]) =>
    plain(
      uapi.DRM_IOCTL_PRIME_HANDLE_TO_FD,
      uapi.drmPrimeHandle.create({ handle: small(a), flags: b % 4, fd: -1 }),
    ),
  ([a, b]) =>
    plain(
      uapi.DRM_IOCTL_VGEM_FENCE_ATTACH,
      uapi.drmVgemFenceAttach.create({ handle: small(a), flags: b % 3 }),
    ),
  ([a]) =>
    plain(uapi.DRM_IOCTL_VGEM_FENCE_SIGNAL, uapi.drmVgemFenceSignal.create({ fence: small(a) })),
  ([a]) =>
    withIds(
      uapi.DRM_IOCTL_MODE_GETRESOURCES,
      uapi.drmModeCardRes.create({ count_crtcs: a % 3 }),
      uapi.drmModeCardRes.offsets.crtc_id_ptr,
      a % 3,
    ),
  ([a]) => plain(uapi.DRM_IOCTL_MODE_GETCRTC, uapi.drmModeCrtc.create({ crtc_id: a % 64 })),
  ([a, b, c]) => setCrtc(a, b, c),
  ([a]) =>
    plain(uapi.DRM_IOCTL_MODE_GETENCODER, uapi.drmModeGetEncoder.create({ encoder_id: a % 64 })),
  ([a]) =>
    withIds(
      uapi.DRM_IOCTL_MODE_GETCONNECTOR,
      uapi.drmModeGetConnector.create({ connector_id: a % 64, count_modes: a % 3 }),
      uapi.drmModeGetConnector.offsets.modes_ptr,
      a % 3,
      uapi.drmModeModeinfo.size,
    ),
  ([a, b, c, d]) => plain(uapi.DRM_IOCTL_MODE_ADDFB2, framebuffer(a, b, c, d)),
  ([a]) => plain(uapi.DRM_IOCTL_MODE_RMFB, uapi.drmModeRmFb.create({ fb_id: a % 64 })),
  ([a, b, c]) =>
    plain(
      uapi.DRM_IOCTL_MODE_PAGE_FLIP,
      uapi.drmModeCrtcPageFlip.create({
        crtc_id: a % 64,
        fb_id: b % 64,
        flags: c % 4,
        user_data: c,
      }),
    ),
  ([a, b, c]) =>
    plain(
      uapi.DRM_IOCTL_MODE_CREATE_DUMB,
      uapi.drmModeCreateDumb.create({
        width: side(a),
        height: side(b),
        bpp: [32, 8, 0][c % 3] as number,
      }),
    ),
  ([a]) => plain(uapi.DRM_IOCTL_MODE_MAP_DUMB, uapi.drmModeMapDumb.create({ handle: small(a) })),
  ([a]) =>
    plain(uapi.DRM_IOCTL_MODE_DESTROY_DUMB, uapi.drmModeDestroyDumb.create({ handle: small(a) })),
  ([a]) => plain(0x5401 + (a % 64), new Uint8Array(64)),
]

function setFormat(b: number, c: number): Uint8Array {
  const bytes = uapi.v4l2Format.create({ type })
  const { pix } = uapi.v4l2Format.over(bytes)
  pix.width = side(b)
  pix.height = side(c)
  pix.pixelformat = format(b)
  return bytes
}

function queued(a: number, b: number, c: number): Uint8Array {
  const bytes = uapi.v4l2Buffer.create({ index: small(a), type, memory: memory(b) })
  const fields = uapi.v4l2Buffer.over(bytes)
  fields.m_fd = c % 24
  fields.length = 8192
  return bytes
}

function framebuffer(a: number, b: number, c: number, d: number): Uint8Array {
  const pixel_format = format(c)
  const handle = small(a)
  const two = c % 4 === 2
  return uapi.drmModeFbCmd2.create({
    ...{ width: side(b), height: side(d), pixel_format },
    handles: two ? [handle, handle] : [handle],
    pitches: two ? [256, 256] : [256],
    offsets: two ? [0, 4096] : [0],
  })
}

function setCrtc(a: number, b: number, c: number): Made {
  const mode = {
    ...{ clock: 1000, hdisplay: side(a), hsync_start: 70, hsync_end: 80, htotal: 90, hskew: 0 },
    ...{ vdisplay: side(c), vsync_start: 40, vsync_end: 50, vtotal: 60, vscan: 0, vrefresh: 60 },
    ...{ flags: 0, type: 0, name: 'fuzz' },
  }
  const bytes = uapi.drmModeCrtc.create({
    crtc_id: a % 64,
    fb_id: b % 64,
    count_connectors: 1,
    mode_valid: c % 2,
    mode,
  })
  const { request, argument } = withIds(
    uapi.DRM_IOCTL_MODE_SETCRTC,
    bytes,
    uapi.drmModeCrtc.offsets.set_connectors_ptr,
    1,
  )
  argument.pointers?.get(uapi.drmModeCrtc.offsets.set_connectors_ptr)?.bytes.set([b % 64, 0, 0, 0])
  return { request, argument }
}

const FILES: Readonly<Record<string, RegExp>> = {
  H: /dma_heap/,
  b: /^dmabuf$/,
  u: /udmabuf/,
  V: /video/,
  d: /card/,
  '>': /sync_file/,
}

/** Which files know the request. */
export function filesOf(request: number): RegExp {
  return FILES[String.fromCharCode((request >>> 8) & 0xff)] ?? /x/
}

/** A request that follows from `which` and `numbers`; for an odd `which` with one word of it replaced. */
export function requestFrom(which: number, numbers: Numbers): Made {
  const made = (MAKERS[(which >> 1) % MAKERS.length] as Make)(numbers)
  const { bytes } = made.argument
  const words = bytes.length >> 2
  // A picture with a side of a million costs the host more than it proves.
  const isLarge = made.request === uapi.DRM_IOCTL_MODE_CREATE_DUMB
  if (which % 2 === 1 && words > 0 && !isLarge) {
    const word = WORDS[numbers[3] % WORDS.length] as number
    new DataView(bytes.buffer, bytes.byteOffset).setUint32((numbers[2] % words) * 4, word, true)
  }
  return made
}
