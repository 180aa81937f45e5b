import type { IoctlArg } from './ioctl-arg.ts'

/** The options of a waiting call. */
export interface WaitOptions {
  /** Ends the wait as a signal would: the call returns `-EINTR`. */
  readonly signal?: AbortSignal | undefined
}

/** One descriptor of a `poll`, after `struct pollfd`. */
export interface PollFd {
  readonly fd: number
  /** Requested events: a mask of `POLLIN`, `POLLOUT`, `POLLPRI`. */
  readonly events: number
  /** Written by the call: the events that are ready, and `POLLERR`, `POLLHUP`, `POLLNVAL`. */
  revents: number
}

/**
 * How long a view's bytes may be used.
 * `bracket`: until the CPU access that it was taken in ends; `mapping`: until the mapping is unmapped.
 */
export type ViewScope = 'bracket' | 'mapping'

/**
 * The waist: the part of the kernel's system-call interface that buffer sharing needs.
 *
 * Every call returns the kernel's result: zero or a positive number, or a negative errno. None
 * throws for a failure of the kernel; an argument that no C program could pass (an ioctl argument
 * shorter than the size in its number, a fraction as a descriptor) is our caller's bug and asserts.
 *
 * `ioctl` and `poll` may sleep and never block the event loop; no other call sleeps.
 *
 * Source: the man pages of section 2, and the kernel's include/uapi headers for the requests.
 */
export interface Syscalls {
  /** Opens `path`; returns the new descriptor. ENOENT, EMFILE, EACCES. */
  open(path: string, flags: number): number
  /** Closes `fd`. EBADF. */
  close(fd: number): number
  /** A second descriptor for the same open file. EBADF, EMFILE. */
  dup(fd: number): number
  /**
   * Moves the file offset; on a dma-buf SEEK_END returns its size in bytes. EBADF, EINVAL, ESPIPE;
   * EOVERFLOW if the offset was moved to 2^53 or beyond, which no JavaScript number holds exactly.
   */
  lseek(fd: number, offset: number, whence: number): number
  /**
   * F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD, F_DUPFD_CLOEXEC. EBADF, EINVAL, EMFILE. On a memfd also
   * F_ADD_SEALS and F_GET_SEALS: EPERM once sealed against it, EBUSY for F_SEAL_WRITE in use.
   */
  fcntl(fd: number, command: number, argument: number): number
  /** Reads into `target` without waiting; returns the count of bytes. EBADF, EAGAIN, EINVAL. */
  read(fd: number, target: Uint8Array): number
  /**
   * A new file that is memory, of size 0; returns its descriptor. `name` is for debugging alone. EINVAL
   * for flags that contradict each other and for a name over 249 bytes, ENOSYS for huge pages, EMFILE.
   */
  memfdCreate(name: string, flags: number): number
  /**
   * Makes a memfd `length` bytes long; new bytes are zero. EBADF, EINVAL, EPERM if it is sealed,
   * ENOMEM.
   */
  ftruncate(fd: number, length: number): number
  /** May sleep. Carries out `request` on `fd`; the structure is updated in place. */
  ioctl(fd: number, request: number, argument: IoctlArg, options?: WaitOptions): Promise<number>
  /** May sleep, `timeout` nanoseconds at most (-1: for ever). Returns how many descriptors are ready. */
  poll(fds: readonly PollFd[], timeout: number, options?: WaitOptions): Promise<number>
  /**
   * Maps `length` bytes of `fd` from `offset`, MAP_SHARED or MAP_PRIVATE; returns the address. EBADF,
   * EINVAL, EACCES, EPERM where sealed, ENODEV, ENOMEM.
   */
  mmap(length: number, protection: number, flags: number, fd: number, offset: number): number
  /** Unmaps whole pages: a mapping, part of one, or several. EINVAL. */
  munmap(address: number, length: number): number
  /**
   * Makes a mapping shorter or longer; returns its address, another one only with MREMAP_MAYMOVE.
   * EINVAL; EFAULT where nothing is mapped, or the mapping may not grow; ENOMEM without room.
   */
  mremap(address: number, oldLength: number, newLength: number, flags: number): number
  /**
   * The mapped bytes at `address` as memory that JavaScript can load and store, as through a
   * pointer in C. Also for part of a mapping. Returns `-EFAULT` if nothing is mapped there,
   * `-EINVAL` if the pages cannot be shown as one array.
   */
  view(address: number, length: number, scope: ViewScope): Uint8Array<ArrayBuffer> | number
  /** Loads `target.length` bytes at `address` through the mapping. EFAULT. */
  load(address: number, target: Uint8Array): number
  /** Stores `source` at `address` through the mapping. EFAULT (also without PROT_WRITE). */
  store(address: number, source: Uint8Array): number
}
