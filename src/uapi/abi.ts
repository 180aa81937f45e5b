/**
 * dmabuf/abi: the kernel's user-space interface as its headers have it, for programs that are ported call
 * by call: request numbers, flags, structures and error numbers, to use with `kernel.sys`.
 *
 * A structure is a layout with `create` (bytes with values in them), `decode` (bytes to values) and `over`
 * (an object that reads and writes the bytes in place). An ioctl takes its bytes as `plainArg(bytes)`, or
 * as `{ bytes, pointers }` where the structure holds user-space pointers. Results are those of the system
 * calls: zero or more, or a negative errno.
 */
import './host.ts'

export * from './dma-buf.ts'
export * from './dma-heap.ts'
export * from './drm.ts'
export * from './drm-dumb.ts'
export * from './drm-event.ts'
export * from './drm-framebuffer.ts'
export * from './drm-mode.ts'
export * from './errno.ts'
export { errnoText } from './errno-text.ts'
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
} from './fcntl.ts'
export * from './field.ts'
export { array, at, bytes, text } from './field-kinds.ts'
export * from './format-numbers.ts'
export { fourcc, fourccText } from './fourcc.ts'
export * from './ioctl-arg.ts'
export * from './ioctl-number.ts'
export * from './memfd.ts'
export { requestName, requestNumber } from './requests.ts'
export * from './struct.ts'
export * from './sync-file.ts'
export type { PollFd, Syscalls, ViewScope, WaitOptions } from './syscalls.ts'
export * from './udmabuf.ts'
export * from './v4l2.ts'
export * from './v4l2-struct.ts'
export * from './vgem.ts'
