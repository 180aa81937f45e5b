/**
 * Numbers for open, fcntl, lseek, mmap and poll, as x86-64, arm64 and riscv share them.
 *
 * Source: include/uapi/asm-generic/fcntl.h, linux/fs.h, asm-generic/mman-common.h, asm-generic/poll.h.
 */

/** Open for reading. */
export const O_RDONLY = 0
/** Open for writing. */
export const O_WRONLY = 1
/** Open for both. */
export const O_RDWR = 2
/** The bits that hold one of the three above. */
export const O_ACCMODE = 3
/** Calls that would wait return EAGAIN. */
export const O_NONBLOCK = 0o4000
/** Stores go to the end of the file. */
export const O_APPEND = 0o2000
/** Without the page cache: the number of x86-64 and riscv. */
export const O_DIRECT = 0o40000
/** Reading leaves the access time. */
export const O_NOATIME = 0o1000000
/** The descriptor does not survive exec. */
export const O_CLOEXEC = 0o2000000
/** The flags of a dma-buf's open file: the others act on its descriptor or not at all. */
export const DMA_BUF_FILE_FLAGS: number = O_ACCMODE | O_NONBLOCK
/** Set by every open on a 64-bit kernel. x86-64 and riscv; arm64 has another bit. */
export const O_LARGEFILE = 0o100000

/** The flags that open knows; it ignores other bits (VALID_OPEN_FLAGS of include/linux/fcntl.h). */
export const O_VALID = 0o37777703
/** Flags that act during open and are not kept: O_CREAT, O_EXCL, O_NOCTTY and O_TRUNC. */
export const O_ONCE = 0o1700

/** lseek from the start. */
export const SEEK_SET = 0
/** lseek from the current offset. */
export const SEEK_CUR = 1
/** lseek from the end: with offset 0, a dma-buf returns its size. */
export const SEEK_END = 2

/** fcntl: a duplicate at or above the argument, which survives exec. */
export const F_DUPFD = 0
/** fcntl: read the descriptor's flags. */
export const F_GETFD = 1
/** fcntl: set the descriptor's flags. */
export const F_SETFD = 2
/** fcntl: read the open file's flags. */
export const F_GETFL = 3
/** fcntl: set the open file's flags. */
export const F_SETFL = 4
/** fcntl: a duplicate at or above the argument, close-on-exec. */
export const F_DUPFD_CLOEXEC = 1030
/** fcntl: add seals to a memfd; they cannot be taken off again. */
export const F_ADD_SEALS = 1033
/** fcntl: the seals of a memfd. */
export const F_GET_SEALS = 1034
/** The one descriptor flag: close on exec. */
export const FD_CLOEXEC = 1

/** Pages may not be touched. */
export const PROT_NONE = 0
/** Pages may be loaded from. */
export const PROT_READ = 1
/** Pages may be stored to. */
export const PROT_WRITE = 2
/** Pages may be executed. */
export const PROT_EXEC = 4
/** Stores reach the file. */
export const MAP_SHARED = 1
/** Stores make private copies. */
export const MAP_PRIVATE = 2
/** MAP_SHARED, and flags that are not known are refused. */
export const MAP_SHARED_VALIDATE = 3
/** The bits that hold one of the three above. */
export const MAP_TYPE = 0xf
/** The address is an order, not a hint. */
export const MAP_FIXED = 0x10
/** No file behind the pages. */
export const MAP_ANONYMOUS = 0x20
/** The mapping grows downward, as a stack. */
export const MAP_GROWSDOWN = 0x100
/** Huge pages. */
export const MAP_HUGETLB = 0x40000

/** mremap: the mapping may get another address. */
export const MREMAP_MAYMOVE = 1
/** mremap: the new address is an order. */
export const MREMAP_FIXED = 2
/** mremap: the old mapping stays, empty. */
export const MREMAP_DONTUNMAP = 4

/** poll: there is something to read; on a dma-buf, its writers are done. */
export const POLLIN = 1
/** poll: urgent data; on a video device, an event. */
export const POLLPRI = 2
/** poll: writing will not wait; on a dma-buf, all its users are done. */
export const POLLOUT = 4
/** poll: an error; reported even when not asked for. */
export const POLLERR = 8
/** poll: the other end hung up; reported even when not asked for. */
export const POLLHUP = 0x10
/** poll: normal data to read. Everything that reports POLLIN for data reports it too; dma-bufs do not. */
export const POLLRDNORM = 0x40
/** poll: normal data may be written. The same number on x86-64, arm64 and riscv. */
export const POLLWRNORM = 0x100
/** poll: the descriptor is not open; reported even when not asked for. */
export const POLLNVAL = 0x20

/** Bytes of a page on the kernels this package runs on. */
export const PAGE_SIZE = 4096
