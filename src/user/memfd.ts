import { errno } from '../uapi/errno.ts'
import { F_ADD_SEALS, F_GET_SEALS } from '../uapi/fcntl.ts'
import type { Kernel } from '../uapi/kernel.ts'
import { MFD_ALLOW_SEALING, MFD_CLOEXEC } from '../uapi/memfd.ts'
import type { Syscalls } from '../uapi/syscalls.ts'
import { systemError } from '../uapi/system-error.ts'
import { mapFile } from './buffer-core.ts'
import { Calls, possibly, type Reasons } from './calls.ts'
import { protectionOf } from './cpu-access-kind.ts'
import { drainAllSync } from './dispose.ts'
import type { MapOptions } from './dma-buf.ts'
import type { BorrowedFd, OwnedFd } from './fd.ts'
import { Mapping } from './mapping.ts'
import { type Seal, sealBits, sealNames } from './seals.ts'

/** How a memfd is made. */
export interface MemfdOptions {
  /** Seals that it has from the start; `Udmabuf` wants `shrink`. */
  readonly seals?: readonly Seal[]
}

/**
 * Memory that is a file: mapped, sealed, shared with other processes, and made into dma-bufs with
 * `Udmabuf`. Its mappings are the program's own memory: no CPU access is begun or ended for them, and
 * no device sees to it that they are up to date.
 */
export class Memfd implements Disposable {
  /** For debugging alone: two may be named alike. */
  readonly name: string
  readonly #sys: Syscalls
  #fd: number | undefined
  #size: number

  private constructor(sys: Syscalls, what: { name: string; fd: number; size: number }) {
    this.#sys = sys
    this.name = what.name
    this.#fd = what.fd
    this.#size = what.size
  }

  /** Makes one of `size` bytes, all zero. EINVAL for a name over 249 bytes, EMFILE, ENOMEM. Never sleeps. */
  static create(
    kernel: Pick<Kernel, 'sys'>,
    name: string,
    size: number,
    { seals = [] }: MemfdOptions = {},
  ): Memfd {
    const bits = sealBits(seals)
    const calls = Calls.from(kernel.sys, Memfd.create)
    const flags = MFD_CLOEXEC | MFD_ALLOW_SEALING
    const made = (): number => kernel.sys.memfdCreate(name, flags)
    const fd = calls.call('memfd_create', made, { why: createReasons })
    try {
      truncate(calls, fd, size)
      if (bits !== 0) addSeals(calls, fd, bits)
    } catch (error) {
      drainAllSync([() => calls.close(fd)], [error])
    }
    return new Memfd(kernel.sys, { name, fd, size })
  }

  /** The descriptor, still owned by this object. EBADF once closed. */
  get fd(): BorrowedFd {
    return this.#open('fd') as BorrowedFd
  }

  /** Bytes. */
  get size(): number {
    return this.#size
  }

  /** Whether the descriptor was closed or released. */
  get closed(): boolean {
    return this.#fd === undefined
  }

  /** The seals in force. EBADF once closed. Never sleeps. */
  get seals(): Seal[] {
    const fd = this.#open('fcntl')
    const calls = Calls.from(this.#sys, sealsGetter)
    return sealNames(calls.call('fcntl', () => this.#sys.fcntl(fd, F_GET_SEALS, 0), { fd }))
  }

  /**
   * Adds seals, which nobody takes off again. EBUSY for `write` while a shared mapping or a udmabuf of
   * it exists, EPERM once sealed against it. Never sleeps.
   */
  seal(...seals: readonly Seal[]): void {
    const calls = Calls.from(this.#sys, this.seal)
    addSeals(calls, this.#open('fcntl'), sealBits(seals))
  }

  /**
   * Makes it `size` bytes long; what is new is zero. EPERM where sealed, ENOMEM. Never sleeps.
   *
   * On the sim, what a memfd grows by later lies elsewhere than its first pages: a mapping of both has
   * no `bytes`, only exact access. Make it as large as it will be.
   */
  resize(size: number): void {
    const calls = Calls.from(this.#sys, this.resize)
    truncate(calls, this.#open('ftruncate'), size)
    this.#size = size
  }

  /** Maps it, shared with everybody. EINVAL, EPERM where sealed, ENOMEM. Never sleeps. */
  map(options: MapOptions = {}): Mapping {
    const calls = Calls.from(this.#sys, this.map)
    const { access = 'read-write', offset = 0, length = this.size - offset } = options
    const range = { offset, length }
    const address = mapFile(calls, this.#open('mmap'), range, protectionOf(access))
    return new Mapping(this.#sys, { address, length, epoch: () => 0 })
  }

  /** Gives the descriptor to the caller, who must close it. EBADF once closed. Never sleeps. */
  release(): OwnedFd {
    const fd = this.#open('release')
    this.#fd = undefined
    return fd as OwnedFd
  }

  /** Closes the descriptor; mappings and dma-bufs keep the memory. Twice does nothing. Never sleeps. */
  close(): void {
    this.#close(() => Calls.from(this.#sys, this.close))
  }

  /** As `close`. */
  [Symbol.dispose](): void {
    this.#close(() => Calls.disposing(this.#sys))
  }

  #close(capture: () => Calls): void {
    const fd = this.#fd
    if (fd === undefined) return
    const calls = capture()
    this.#fd = undefined
    calls.close(fd)
  }

  #open(syscall: string): number {
    if (this.#fd !== undefined) return this.#fd
    const detail = `memfd '${this.name}' was closed or released: use it before`
    throw systemError({ errno: -errno.EBADF, syscall, detail })
  }
}

const sealsGetter: unknown = Object.getOwnPropertyDescriptor(Memfd.prototype, 'seals')?.get

const createReasons: Reasons = () => ({
  EINVAL: 'the name is longer than 249 bytes: shorten it',
  EMFILE: 'too many descriptors are open: close some',
})

function addSeals(calls: Calls, fd: number, bits: number): void {
  calls.call('fcntl', () => calls.sys.fcntl(fd, F_ADD_SEALS, bits), {
    fd,
    why: () => ({
      EBUSY: possibly('a shared mapping or a udmabuf of it may write: unmap and close them before'),
      EPERM: possibly('it was sealed against more seals'),
      EINVAL: possibly("this kernel does not know the seal: 'exec' came with Linux 6.3"),
    }),
  })
}

function truncate(calls: Calls, fd: number, size: number): void {
  calls.call('ftruncate', () => calls.sys.ftruncate(fd, size), {
    fd,
    why: () => ({
      EINVAL: `the size is ${size}: it must be bytes from 0 up`,
      EPERM: `it is sealed: ${sealNames(calls.sys.fcntl(fd, F_GET_SEALS, 0)).join(', ')}`,
      ENOMEM: `there is no memory for ${size} bytes: close buffers, or ask for less`,
    }),
  })
}
