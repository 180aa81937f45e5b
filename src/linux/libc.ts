import { errno } from '../abi/errno.ts'
import { type Koffi, loadKoffi, type Native } from './koffi.ts'

/**
 * The C library's calls behind the waist. Each returns the kernel's result: zero or a positive number, or
 * a negative errno. Addresses are numbers, which hold all 57 bits of one that
 * mmap gives out unasked (47), exactly.
 *
 * Variadic functions (open, fcntl, ioctl, mremap) are called as if they were not: the calling
 * conventions of x86-64, arm64 and riscv64 Linux pass integers alike.
 */
export interface Libc {
  open(path: string, flags: number): number
  close(fd: number): number
  dup(fd: number): number
  lseek(fd: number, offset: number, whence: number): number
  fcntl(fd: number, command: number, argument: number): number
  read(fd: number, target: Uint8Array): number
  ioctl(fd: number, request: number, argument: Uint8Array | null): number
  /** May sleep: the call is made on another thread. */
  ioctlLater(fd: number, request: number, argument: Uint8Array | null): Promise<number>
  poll(fds: Uint8Array, count: number): number
  epollCreate(flags: number): number
  epollControl(epoll: number, operation: number, fd: number, event: Uint8Array): number
  epollWait(epoll: number, events: Uint8Array, count: number): number
  mmap(address: number, length: number, prot: number, flags: number, fd: number, at: number): number
  munmap(address: number, length: number): number
  mremap(address: number, before: number, after: number, flags: number, to: number): number
  memfdCreate(name: string, flags: number): number
  ftruncate(fd: number, length: number): number
  /** Which file `fd` leads to: the device of its inode and the inode's number. */
  fileOf(fd: number): string | undefined
  /** Compares open files: 0 for the same one. ENOSYS, EPERM where the kernel does not answer. */
  kcmpFile(first: number, second: number): number
  /** pwrite of memory that need not be mapped: EFAULT instead of a signal. */
  writeFrom(fd: number, address: number, length: number): number
  /** pread into memory that need not be mapped: EFAULT instead of a signal. */
  readInto(fd: number, address: number, length: number): number
  pwrite(fd: number, source: Uint8Array): number
  pread(fd: number, target: Uint8Array): number
  /** memcpy out of mapped memory. */
  copyFrom(address: number, target: Uint8Array): void
  /** memcpy into mapped memory. */
  copyTo(address: number, source: Uint8Array): void
  /** Where the bytes of `memory` are. */
  address(memory: Uint8Array): bigint
  /** An array over mapped memory; throws where the runtime refuses such. */
  view(address: number, length: number): ArrayBuffer
  readonly koffi: Koffi
}

/** kcmp has no function in the C library. 272 is the number of arm64 and riscv64. */
const SYS_KCMP = process.arch === 'x64' ? 312 : 272
/** Not every C library has a function fstat. 80 is the number of arm64 and riscv64. */
const SYS_FSTAT = process.arch === 'x64' ? 5 : 80
/** Bytes of `struct stat`, or more; it begins with the device and the inode. */
const STAT_SIZE = 256
const KCMP_FILE = 0

let shared: Libc | undefined

/** The C library of this process. Throws where it cannot be called: see `loadKoffi`. */
export function loadLibc(): Libc {
  shared ??= bind(loadKoffi())
  return shared
}

function bind(koffi: Koffi): Libc {
  const library = koffi.load(null)
  const func = (result: string, name: string, ...parameters: string[]): Native =>
    library.func(name, result, parameters)
  /** Nothing may come between the call and the errno: no allocation, no other call. */
  const orErrno = (result: number): number => (result === -1 ? -koffi.errno() : result)

  const open = func('int', 'open', 'str', 'int', 'uint')
  const close = func('int', 'close', 'int')
  const dup = func('int', 'dup', 'int')
  const lseek = func('int64_t', 'lseek', 'int', 'int64_t', 'int')
  const fcntl = func('int', 'fcntl', 'int', 'int', 'long')
  const read = func('int64_t', 'read', 'int', 'void *', 'size_t')
  const ioctl = func('int', 'ioctl', 'int', 'ulong', 'void *')
  const poll = func('int', 'poll', 'void *', 'ulong', 'int')
  const epollCreate = func('int', 'epoll_create1', 'int')
  const epollControl = func('int', 'epoll_ctl', 'int', 'int', 'int', 'void *')
  const epollWait = func('int', 'epoll_wait', 'int', 'void *', 'int', 'int')
  const mmap = func('intptr_t', 'mmap', 'uintptr_t', 'size_t', 'int', 'int', 'int', 'int64_t')
  const munmap = func('int', 'munmap', 'uintptr_t', 'size_t')
  const mremap = func('intptr_t', 'mremap', 'uintptr_t', 'size_t', 'size_t', 'int', 'uintptr_t')
  const memfdCreate = func('int', 'memfd_create', 'str', 'uint')
  const ftruncate = func('int', 'ftruncate', 'int', 'int64_t')
  const syscall = func('int64_t', 'syscall', 'long', 'int', 'int', 'int', 'ulong', 'ulong')
  const fstat = func('int64_t', 'syscall', 'long', 'int', 'void *')
  const stat = new Uint32Array(STAT_SIZE / 4)
  const statBytes = new Uint8Array(stat.buffer)
  const writeFrom = func('int64_t', 'pwrite', 'int', 'uintptr_t', 'size_t', 'int64_t')
  const readInto = func('int64_t', 'pread', 'int', 'uintptr_t', 'size_t', 'int64_t')
  const pwrite = func('int64_t', 'pwrite', 'int', 'void *', 'size_t', 'int64_t')
  const pread = func('int64_t', 'pread', 'int', 'void *', 'size_t', 'int64_t')
  const copyFrom = func('void', 'memcpy', 'void *', 'uintptr_t', 'size_t')
  const copyTo = func('void', 'memcpy', 'uintptr_t', 'void *', 'size_t')

  return {
    koffi,
    open: (path, flags) => orErrno(open(path, flags, 0)),
    close: (fd) => orErrno(close(fd)),
    dup: (fd) => orErrno(dup(fd)),
    // A value that a number cannot hold exactly is a BigInt.
    lseek: (fd, offset, whence) => {
      const position = orErrno(Number(lseek(fd, offset, whence)))
      return Number.isSafeInteger(position) ? position : -errno.EOVERFLOW
    },
    fcntl: (fd, command, argument) => orErrno(fcntl(fd, command, argument)),
    read: (fd, target) => orErrno(read(fd, target, target.length)),
    ioctl: (fd, request, argument) => orErrno(ioctl(fd, request, argument)),
    ioctlLater: (fd, request, argument) =>
      new Promise((resolve, reject) => {
        ioctl.async(fd, request, argument, (error: unknown, result: number) => {
          const settled = orErrno(result)
          if (error === null) resolve(settled)
          else reject(error)
        })
      }),
    poll: (fds, count) => orErrno(poll(fds, count, 0)),
    epollCreate: (flags) => orErrno(epollCreate(flags)),
    epollControl: (epoll, operation, fd, event) =>
      orErrno(epollControl(epoll, operation, fd, event)),
    epollWait: (epoll, events, count) => orErrno(epollWait(epoll, events, count, 0)),
    mmap: (address, length, prot, flags, fd, at) =>
      orErrno(mmap(address, length, prot, flags, fd, at)),
    munmap: (address, length) => orErrno(munmap(address, length)),
    mremap: (address, before, after, flags, to) =>
      orErrno(mremap(address, before, after, flags, to)),
    memfdCreate: (name, flags) => orErrno(memfdCreate(name, flags)),
    ftruncate: (fd, length) => orErrno(ftruncate(fd, length)),
    fileOf: (fd) => {
      if (Number(fstat(SYS_FSTAT, fd, statBytes)) !== 0) return undefined
      const [device, deviceHigh, inode, inodeHigh] = stat
      return `${deviceHigh}:${device}:${inodeHigh}:${inode}`
    },
    kcmpFile: (first, second) => {
      const { pid } = process
      return orErrno(Number(syscall(SYS_KCMP, pid, pid, KCMP_FILE, first, second)))
    },
    writeFrom: (fd, address, length) => orErrno(writeFrom(fd, address, length, 0)),
    readInto: (fd, address, length) => orErrno(readInto(fd, address, length, 0)),
    pwrite: (fd, source) => orErrno(pwrite(fd, source, source.length, 0)),
    pread: (fd, target) => orErrno(pread(fd, target, target.length, 0)),
    copyFrom: (address, target) => {
      copyFrom(target, address, target.length)
    },
    copyTo: (address, source) => {
      copyTo(address, source, source.length)
    },
    address: (memory) => koffi.address(memory),
    view: (address, length) => koffi.view(address, length),
  }
}
