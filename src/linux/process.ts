import { DMA_BUF_IOCTL_SYNC } from '../uapi/dma-buf.ts'
import { errno } from '../uapi/errno.ts'
import {
  F_DUPFD_CLOEXEC,
  F_GETFD,
  F_GETFL,
  O_ACCMODE,
  O_NONBLOCK,
  POLLIN,
  SEEK_CUR,
  SEEK_END,
} from '../uapi/fcntl.ts'
import type { IoctlArg } from '../uapi/ioctl-arg.ts'
import { newDescriptor } from '../uapi/new-descriptors.ts'
import { type Origin, withOrigin } from '../uapi/origin.ts'
import { requestName } from '../uapi/requests.ts'
import { SYNC_IOC_FILE_INFO, syncFileInfo } from '../uapi/sync-file.ts'
import type { PollFd, Syscalls, ViewScope, WaitOptions } from '../uapi/syscalls.ts'
import { copyArgument, copyBack, writeAddresses } from './ioctl-memory.ts'
import type { Ledger } from './ledger.ts'
import type { Libc } from './libc.ts'
import { makingOrigin } from './making.ts'
import type { Memory } from './memory.ts'
import { ownDescriptor } from './own-descriptor.ts'
import type { Poller } from './poller.ts'
import { waitingOf } from './waiting.ts'

/** What a `LinuxProcess` is made of. */
export interface ProcessParts {
  readonly libc: Libc
  readonly memory: Memory
  readonly poller: Poller
  readonly ledger: Ledger
  /** What programs call, at last this process: its functions are left out of call sites. */
  outermost(): Syscalls
}

/**
 * This process's own system calls. None blocks the event loop: what waits for an event is asked by
 * poll first and waits in the poller; what works for long, or does nobody knows what, is called on
 * another thread (see `waitingOf`).
 *
 * Aborting ends a wait in the poller. A call that the kernel has begun on another thread runs to its
 * end: its effects have happened, so its result is returned.
 */
export class LinuxProcess implements Syscalls {
  readonly #libc: Libc
  readonly #memory: Memory
  readonly #poller: Poller
  readonly #ledger: Ledger
  readonly #outermost: () => Syscalls

  constructor({ libc, memory, poller, ledger, outermost }: ProcessParts) {
    this.#libc = libc
    this.#memory = memory
    this.#poller = poller
    this.#ledger = ledger
    this.#outermost = outermost
  }

  /** Whether `fd` is open now. */
  isOpen(fd: number): boolean {
    return this.#libc.fcntl(fd, F_GETFD, 0) >= 0
  }

  open(path: string, flags: number): number {
    return this.#noted(this.#libc.open(path, flags), `open '${path}'`, this.#outermost().open)
  }

  close(fd: number): number {
    const result = this.#libc.close(fd)
    this.#ledger.fdGone(fd)
    return result
  }

  dup(fd: number): number {
    return this.#noted(this.#libc.dup(fd), 'dup', this.#outermost().dup)
  }

  lseek(fd: number, offset: number, whence: number): number {
    return this.#libc.lseek(fd, offset, whence)
  }

  fcntl(fd: number, command: number, argument: number): number {
    const result = this.#libc.fcntl(fd, command, argument)
    return command === F_DUPFD_CLOEXEC
      ? this.#noted(result, 'fcntl F_DUPFD_CLOEXEC', this.#outermost().fcntl)
      : result
  }

  memfdCreate(name: string, flags: number): number {
    const made = `memfd_create '${name}'`
    return this.#noted(this.#libc.memfdCreate(name, flags), made, this.#outermost().memfdCreate)
  }

  ftruncate(fd: number, length: number): number {
    return this.#libc.ftruncate(fd, length)
  }

  /** Reads only what is there: a descriptor that would wait is EAGAIN, also without O_NONBLOCK. */
  read(fd: number, target: Uint8Array): number {
    const ready = this.#poller.ready(fd, POLLIN)
    if (ready === 0 && this.#readWaits(fd)) return -errno.EAGAIN
    return this.#libc.read(fd, target)
  }

  async ioctl(
    fd: number,
    request: number,
    argument: IoctlArg,
    options: WaitOptions = {},
  ): Promise<number> {
    const waiting = waitingOf(request, argument.bytes)
    if (waiting === 'now') return this.#ioctlNow(fd, request, argument)
    if (options.signal?.aborted === true) return -errno.EINTR
    if (waiting === 'later') return await this.#ioctlLater(fd, request, argument)
    if (this.#poller.ready(fd, waiting) === 0 && this.#waits(fd, request)) {
      const entry = { fd, events: waiting, revents: 0 }
      const waited = await this.#poller.poll([entry], -1, options.signal)
      if (waited < 0) return waited
    }
    return this.#ioctlNow(fd, request, argument)
  }

  async poll(fds: readonly PollFd[], timeout: number, options: WaitOptions = {}): Promise<number> {
    return await this.#poller.poll(fds, timeout, options.signal)
  }

  mmap(length: number, protection: number, flags: number, fd: number, offset: number): number {
    const origin = makingOrigin(this.#outermost().mmap)
    return withOrigin(origin, () => this.#memory.mmap(length, protection, flags, fd, offset))
  }

  munmap(address: number, length: number): number {
    return this.#memory.munmap(address, length)
  }

  mremap(address: number, oldLength: number, newLength: number, flags: number): number {
    return this.#memory.mremap(address, oldLength, newLength, flags)
  }

  view(address: number, length: number, scope: ViewScope): Uint8Array<ArrayBuffer> | number {
    return this.#memory.view(address, length, scope)
  }

  load(address: number, target: Uint8Array): number {
    return this.#memory.load(address, target)
  }

  store(address: number, source: Uint8Array): number {
    return this.#memory.store(address, source)
  }

  #noted(fd: number, made: string, entry: unknown): number {
    if (fd >= 0) this.#ledger.fdMade(fd, made, makingOrigin(entry))
    return fd
  }

  #isNonblocking(fd: number): boolean {
    const flags = this.#libc.fcntl(fd, F_GETFL, 0)
    return flags < 0 || (flags & O_NONBLOCK) !== 0
  }

  #isDmaBuf(fd: number): boolean {
    const { EINVAL } = errno
    return this.#libc.lseek(fd, 0, SEEK_CUR) === -EINVAL && this.#libc.lseek(fd, 0, SEEK_END) >= 0
  }

  /** Whether reading `fd`, which poll does not find ready, would sleep rather than fail. */
  #readWaits(fd: number): boolean {
    const flags = this.#libc.fcntl(fd, F_GETFL, 0)
    const isReadable = (((flags & O_ACCMODE) + 1) & 1) !== 0
    if (flags < 0 || !isReadable || (flags & O_NONBLOCK) !== 0) return false
    // These are ready when their fences are, and cannot be read at all.
    return !this.#isDmaBuf(fd) && !this.#isSyncFile(fd)
  }

  #isSyncFile(fd: number): boolean {
    return this.#libc.ioctl(fd, SYNC_IOC_FILE_INFO, syncFileInfo.create()) === 0
  }

  /** Whether `request` on `fd`, which poll does not find ready, would sleep rather than fail. */
  #waits(fd: number, request: number): boolean {
    return request === DMA_BUF_IOCTL_SYNC ? this.#isDmaBuf(fd) : !this.#isNonblocking(fd)
  }

  #ioctlNow(fd: number, request: number, argument: IoctlArg): number {
    const { copies } = this.#memory
    const file = copies.active ? copies.before(fd, request) : undefined
    const takeOut = writeAddresses(request, argument, this.#libc.address)
    const result = this.#libc.ioctl(fd, request, argument.bytes)
    takeOut?.()
    if (copies.active) copies.after(file, argument.bytes, result)
    return this.#answer(request, argument, result)
  }

  /** The structure and the descriptor are the thread's own, whatever becomes of the caller's. */
  async #ioctlLater(fd: number, request: number, argument: IoctlArg): Promise<number> {
    const origin = makingOrigin(this.#outermost().ioctl)
    const file = ownDescriptor(this.#libc, fd)
    if (file < 0) return this.#ioctlNow(fd, request, argument)
    const { copies } = this.#memory
    if (copies.active) copies.before(fd, request)
    const copy = copyArgument(argument)
    const takeOut = writeAddresses(request, copy, this.#libc.address)
    try {
      const result = await this.#libc.ioctlLater(file, request, copy.bytes)
      takeOut?.()
      copyBack(argument, copy)
      if (copies.active) copies.after(undefined, copy.bytes, result)
      return this.#answer(request, copy, result, origin)
    } finally {
      this.#libc.close(file)
    }
  }

  #answer(request: number, { bytes }: IoctlArg, result: number, origin?: Origin): number {
    const fd = newDescriptor(request, bytes, result)
    if (fd !== undefined) {
      this.#ledger.fdMade(fd, requestName(request), origin ?? makingOrigin(this.#outermost().ioctl))
    }
    return result
  }
}
