/**
 * dmabuf: Linux's buffer sharing, on the simulated kernel of `dmabuf/sim` or a real one.
 *
 * These are the classes that programs use; they run on any `Kernel`.
 */
import './base/host.ts'

export { type ErrnoCode, errno } from './abi/errno.ts'
export { AssertionError } from './base/assert.ts'
export type { IoctlArg } from './syscalls/ioctl-arg.ts'
export type { Kernel } from './syscalls/kernel.ts'
export { type Origin, setOriginCapture } from './syscalls/origin.ts'
export type { PollFd, Syscalls, ViewScope, WaitOptions } from './syscalls/syscalls.ts'
export { isSystemError, SystemError } from './syscalls/system-error.ts'
export { CpuAccess } from './user/cpu-access.ts'
export type { CpuAccessKind } from './user/cpu-access-kind.ts'
export { DisposalError } from './user/dispose.ts'
export { type AbortOptions, DmaBuf, type MapOptions } from './user/dma-buf.ts'
export { DmaHeap } from './user/dma-heap.ts'
export type { CrtcSetting, FramebufferSetting } from './user/drm-calls.ts'
export { DrmDevice, type Showable } from './user/drm-device.ts'
export type { DisplayEvent } from './user/drm-event.ts'
export type { DrmMode } from './user/drm-mode.ts'
export type { DrmOutput } from './user/drm-output.ts'
export { DumbBuffer, type DumbOptions } from './user/dumb-buffer.ts'
export { ExactAccess } from './user/exact-access.ts'
export { ExactView } from './user/exact-view.ts'
export type { AdoptableFd, AnyFd, BorrowedFd, OwnedFd } from './user/fd.ts'
export type { FenceWaitOptions } from './user/fence-wait.ts'
export { Frame } from './user/frame.ts'
export type { ImageFormat, PictureLayout, PlaneLayout } from './user/image-format.ts'
export { ImportedBuffer } from './user/imported-buffer.ts'
export { Mapping } from './user/mapping.ts'
export { Memfd, type MemfdOptions } from './user/memfd.ts'
export { formatName, fourcc, type PixelFormat, pixelFormats } from './user/pixel-format.ts'
export type { Seal } from './user/seals.ts'
export {
  type FenceInfo,
  type FenceStatus,
  SyncFile,
  type SyncFileInfo,
} from './user/sync-file.ts'
export { type MemfdRange, Udmabuf, type UdmabufPart } from './user/udmabuf.ts'
export { VgemDevice } from './user/vgem-device.ts'
export { type FilledBuffer, type FramesOptions, VideoDevice } from './user/video-device.ts'
export type { VideoCapability, VideoFormat, WantedFormat } from './user/video-format.ts'
export type { VideoMemory } from './user/video-queue.ts'
