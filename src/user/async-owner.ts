import { errno } from '../abi/errno.ts'
import type { Syscalls } from '../syscalls/syscalls.ts'
import { systemError } from '../syscalls/system-error.ts'
import type { Operation } from '../syscalls/watching.ts'
import { Calls } from './calls.ts'
import { requireFactory } from './constructed.ts'
import { drainAll } from './dispose.ts'
import { HeldFd } from './held-fd.ts'

/** An object that holds a kernel resource, and releases it once: by `close` or `await using`. */
export abstract class AsyncOwner implements AsyncDisposable {
  protected readonly sys: Syscalls
  #closing: Promise<void> | undefined

  protected constructor(sys: Syscalls) {
    this.sys = sys
  }

  /** Releases everything, also after a step has failed. Called once. */
  protected abstract end(calls: Calls): Promise<void>

  /** The operation that `close` announces to a checker. */
  protected get closing(): Operation {
    return { name: 'close', by: 'device', access: 'read', fds: [] }
  }

  /** Whether `close` was called; it may still be under way. */
  get closed(): boolean {
    return this.#closing !== undefined
  }

  /** Closes it. Idempotent: the first call reports a failure, later ones only wait for the first. */
  close(): Promise<void> {
    return this.#close(() => Calls.from(this.sys, this.close))
  }

  /** As `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#close(() => Calls.disposing(this.sys))
  }

  #close(capture: () => Calls): Promise<void> {
    if (this.#closing !== undefined) return this.#closing.catch(() => undefined)
    const calls = capture()
    return calls.operation(
      () => this.closing,
      () => {
        this.#closing = this.end(calls)
        return this.#closing
      },
    )
  }
}

/** An open device node. */
export abstract class DeviceOwner extends AsyncOwner {
  /** The device node that was opened. */
  readonly path: string
  /** The descriptor, also while the device shuts down. */
  protected readonly held: HeldFd
  #isOpen = true

  protected constructor(sys: Syscalls, fd: number, path: string) {
    super(sys)
    requireFactory(new.target, sys)
    this.held = new HeldFd(sys, fd)
    this.path = path
  }

  /** The kind of device, for messages: `camera`. */
  protected abstract readonly noun: string

  /** Stops the device, before its descriptor is closed. */
  protected abstract shutDown(calls: Calls): Promise<void>

  /** The descriptor, for `syscall`. EBADF once closed, also by other code that reuses its number. */
  protected requireFd(syscall = 'ioctl'): number {
    if (this.#isOpen) return this.held.for(syscall)
    throw systemError({
      errno: -errno.EBADF,
      syscall,
      path: this.path,
      detail: `the ${this.noun} was closed: use it before close(), or inside its \`using\` block`,
    })
  }

  protected override async end(calls: Calls): Promise<void> {
    this.#isOpen = false
    await drainAll([() => this.shutDown(calls), () => calls.close(this.held.for('close'))])
  }
}
