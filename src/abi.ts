/**
 * dmabuf/abi: the kernel's user-space interface as its headers have it, for programs that are ported call
 * by call: request numbers, flags, structures and error numbers, to use with `kernel.sys`.
 *
 * A structure is a layout with `create` (bytes with values in them), `decode` (bytes to values) and `over`
 * (an object that reads and writes the bytes in place). An ioctl takes its bytes as `plainArg(bytes)`, or
 * as `{ bytes, pointers }` where the structure holds user-space pointers. Results are those of the system
 * calls: zero or more, or a negative errno.
 */
import './base/host.ts'

export * from './abi/dma-buf.ts'
export * from './abi/dma-heap.ts'
export * from './abi/drm.ts'
export * from './abi/drm-dumb.ts'
export * from './abi/drm-event.ts'
export * from './abi/drm-framebuffer.ts'
export * from './abi/drm-mode.ts'
export * from './abi/errno.ts'
export { errnoText } from './abi/errno-text.ts'
export {
  F_ADD_SEALS,
  F_DUPFD,
  F_DUPFD_CLOEXEC,
  F_GET_SEALS,
  F_GETFD,
  F_GETFL,
  F_SETFD,
  F_SETFL,
  FD_CLOEXEC,
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_PRIVATE,
  MAP_SHARED,
  MAP_SHARED_VALIDATE,
  MREMAP_DONTUNMAP,
  MREMAP_FIXED,
  MREMAP_MAYMOVE,
  O_ACCMODE,
  O_CLOEXEC,
  O_LARGEFILE,
  O_NONBLOCK,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
  PAGE_SIZE,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  POLLPRI,
  POLLRDNORM,
  POLLWRNORM,
  PROT_NONE,
  PROT_READ,
  PROT_WRITE,
  SEEK_CUR,
  SEEK_END,
  SEEK_SET,
} from './abi/fcntl.ts'
export * from './abi/field.ts'
export { array, at, bytes, text } from './abi/field-kinds.ts'
export * from './abi/format-numbers.ts'
export { fourcc, fourccText } from './abi/fourcc.ts'
export * from './abi/ioctl-number.ts'
export * from './abi/memfd.ts'
export * from './abi/struct.ts'
export * from './abi/sync-file.ts'
export * from './abi/udmabuf.ts'
export * from './abi/v4l2.ts'
export * from './abi/v4l2-struct.ts'
export * from './abi/vgem.ts'
export * from './syscalls/ioctl-arg.ts'
export { requestName, requestNumber } from './syscalls/requests/index.ts'
export type { PollFd, Syscalls, ViewScope, WaitOptions } from './syscalls/syscalls.ts'
