import { statSync } from 'node:fs'
import { errno } from '../abi/errno.ts'
import {
  F_ADD_SEALS,
  F_DUPFD,
  F_DUPFD_CLOEXEC,
  F_GET_SEALS,
  F_GETFD,
  F_GETFL,
  F_SETFD,
  F_SETFL,
  O_NONBLOCK,
} from '../abi/fcntl.ts'
import { type CallScope, setScope } from '../syscalls/call-scope.ts'
import type { IoctlArg } from '../syscalls/ioctl-arg.ts'
import type { PollFd, Syscalls, ViewScope, WaitOptions } from '../syscalls/syscalls.ts'
import { Ioctls } from './ioctls.ts'
import type { Ledger } from './ledger.ts'
import type { Libc } from './libc.ts'
import type { Memory } from './memory.ts'
import { nonblocking } from './nonblocking.ts'
import type { Poller } from './poller.ts'

/** The parts of a `LinuxProcess`. */
export interface ProcessParts {
  readonly libc: Libc
  readonly memory: Memory
  readonly poller: Poller
  readonly ledger: Ledger
  readonly scope: CallScope
  /** The calls that programs make, with every wrapper around this process: call sites leave them out. */
  outermost(): Syscalls
}

/**
 * The commands of fcntl that can be made: others wait (F_SETLKW), send signals (F_NOTIFY), or take their
 * argument for an address that the kernel writes to (F_GETLK).
 */
const COMMANDS: ReadonlySet<number> = new Set([
  F_DUPFD,
  F_DUPFD_CLOEXEC,
  F_GETFD,
  F_SETFD,
  F_GETFL,
  F_SETFL,
  F_ADD_SEALS,
  F_GET_SEALS,
])

/** This process's own system calls. None stops the event loop: see `Ioctls` for those that may wait. */
export class LinuxProcess implements Syscalls {
  readonly #libc: Libc
  readonly #memory: Memory
  readonly #poller: Poller
  readonly #ledger: Ledger
  readonly #ioctls: Ioctls
  readonly #scope: CallScope
  readonly #outermost: () => Syscalls

  constructor({ libc, memory, poller, ledger, scope, outermost }: ProcessParts) {
    this.#libc = libc
    this.#memory = memory
    this.#poller = poller
    this.#ledger = ledger
    this.#scope = scope
    setScope(this, scope)
    this.#outermost = outermost
    this.#ioctls = new Ioctls({
      ...{ libc, memory, poller, ledger },
      origin: () => scope.originOf(outermost().ioctl),
    })
  }

  /** Whether `fd` is open now. */
  isOpen(fd: number): boolean {
    return this.#libc.fcntl(fd, F_GETFD, 0) >= 0
  }

  /** A FIFO without its other end is opened at once, where open(2) would wait for that. */
  open(path: string, flags: number): number {
    const fd = isFifo(path) ? this.#openFifo(path, flags) : this.#libc.open(path, flags)
    return this.#noted(fd, `open '${path}'`, this.#outermost().open)
  }

  #openFifo(path: string, flags: number): number {
    const fd = this.#libc.open(path, flags | O_NONBLOCK)
    if (fd >= 0 && (flags & O_NONBLOCK) === 0) this.#libc.fcntl(fd, F_SETFL, flags)
    return fd
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
    if (!COMMANDS.has(command)) return this.isOpen(fd) ? -errno.EINVAL : -errno.EBADF
    const result = this.#libc.fcntl(fd, command, argument)
    if (command !== F_DUPFD_CLOEXEC && command !== F_DUPFD) return result
    const name = command === F_DUPFD ? 'F_DUPFD' : 'F_DUPFD_CLOEXEC'
    return this.#noted(result, `fcntl ${name}`, this.#outermost().fcntl)
  }

  memfdCreate(name: string, flags: number): number {
    const made = `memfd_create '${name}'`
    return this.#noted(this.#libc.memfdCreate(name, flags), made, this.#outermost().memfdCreate)
  }

  ftruncate(fd: number, length: number): number {
    return this.#libc.ftruncate(fd, length)
  }

  /** Reads only available bytes: a descriptor that would wait is EAGAIN, also without O_NONBLOCK. */
  read(fd: number, target: Uint8Array): number {
    return nonblocking(this.#libc, fd, () => this.#libc.read(fd, target))
  }

  async ioctl(
    fd: number,
    request: number,
    argument: IoctlArg,
    options?: WaitOptions,
  ): Promise<number> {
    return await this.#ioctls.call({ fd, request, argument }, options)
  }

  async poll(fds: readonly PollFd[], timeout: number, options: WaitOptions = {}): Promise<number> {
    return await this.#poller.poll(fds, timeout, options.signal)
  }

  mmap(length: number, protection: number, flags: number, fd: number, offset: number): number {
    const origin = this.#scope.originOf(this.#outermost().mmap)
    return this.#scope.run({ origin }, () =>
      this.#memory.mmap(length, protection, flags, fd, offset),
    )
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
    if (fd >= 0) this.#ledger.fdMade(fd, made, this.#scope.originOf(entry))
    return fd
  }
}

function isFifo(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFIFO() === true
  } catch {
    return false
  }
}
