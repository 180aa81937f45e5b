import { errno } from '../abi/errno.ts'
import type { Syscalls } from '../syscalls/syscalls.ts'
import { systemError } from '../syscalls/system-error.ts'
import { Calls } from './calls.ts'
import { requireFactory } from './constructed.ts'
import { drainAllSync } from './dispose.ts'
import type { BorrowedFd, OwnedFd } from './fd.ts'
import { HeldFd } from './held-fd.ts'

/** An object that owns a descriptor, and closes it once: by `close`, or at the end of a `using` block. */
export abstract class FdOwner implements Disposable {
  protected readonly sys: Syscalls
  #fd: HeldFd | undefined

  protected constructor(sys: Syscalls, fd: number) {
    requireFactory(new.target, sys)
    this.sys = sys
    this.#fd = new HeldFd(sys, fd)
  }

  /** The way out for code that uses the object after `close`: a sentence for the EBADF. */
  protected abstract closedDetail(): string

  /** Runs before the descriptor is closed; an error does not keep it open. */
  protected beforeClose(_calls: Calls): void {}

  /** Whether the descriptor was closed, or released to the caller. */
  get closed(): boolean {
    return this.#fd === undefined
  }

  /** The descriptor, for `syscall`. EBADF once closed, also by other code that reuses its number. */
  protected requireFd(syscall: string): number {
    if (this.#fd !== undefined) return this.#fd.for(syscall)
    throw systemError({ errno: -errno.EBADF, syscall, detail: this.closedDetail() })
  }

  /** Gives up the descriptor without closing it. EBADF once closed. */
  protected detachFd(syscall: string): number {
    const fd = this.requireFd(syscall)
    this.#fd = undefined
    return fd
  }

  /** Closes the descriptor. Idempotent. Objects that were made with it stay open. */
  close(): void {
    this.#close(() => Calls.from(this.sys, this.close))
  }

  /** As `close`. */
  [Symbol.dispose](): void {
    this.#close(() => Calls.disposing(this.sys))
  }

  #close(capture: () => Calls): void {
    if (this.#fd === undefined) return
    const calls = capture()
    const fd = this.#fd
    this.#fd = undefined
    drainAllSync([() => this.beforeClose(calls), () => calls.close(fd.for('close'))])
  }
}

/** A descriptor's owner whose descriptor means something to other code: a buffer, a memfd, a sync file. */
export abstract class ShareableFdOwner extends FdOwner {
  /** The descriptor, still owned by this object. EBADF once closed. */
  get fd(): BorrowedFd {
    return this.requireFd('fd') as BorrowedFd
  }

  /** Gives the descriptor to the caller, who must close it; this object is closed then. EBADF once closed. */
  release(): OwnedFd {
    return this.detachFd('release') as OwnedFd
  }
}
