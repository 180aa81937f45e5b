import { F_ADD_SEALS, F_GET_SEALS } from '../abi/fcntl.ts'
import { MFD_ALLOW_SEALING, MFD_CLOEXEC } from '../abi/memfd.ts'
import * as check from '../syscalls/arguments.ts'
import type { Kernel } from '../syscalls/kernel.ts'
import type { Syscalls } from '../syscalls/syscalls.ts'
import { mapFile } from './buffer-core.ts'
import { Calls, possibly, type Reasons } from './calls.ts'
import { checkMapRange, sysOf } from './checks.ts'
import { protectionOf } from './cpu-access-kind.ts'
import { drainAllSync } from './dispose.ts'
import type { MapOptions } from './dma-buf.ts'
import { Mapping } from './mapping.ts'
import { ShareableFdOwner } from './owned-fd.ts'
import { type Seal, sealBits, sealNames } from './seals.ts'

/** How a memfd is made. */
export interface MemfdOptions {
  /** Seals that it has from the start; `Udmabuf` and the `bytes` of a mapping need `shrink`. */
  readonly seals?: readonly Seal[]
}

/**
 * Memory that is a file: mapped, sealed, shared with other processes, and made into dma-bufs with
 * `Udmabuf`. Its mappings are the program's own memory: no CPU access is begun or ended for them, and
 * no device sees to it that they are up to date.
 */
export class Memfd extends ShareableFdOwner {
  /** For debugging alone: two may be named alike. */
  readonly name: string
  #size: number

  private constructor(sys: Syscalls, what: { name: string; fd: number; size: number }) {
    super(sys, what.fd)
    this.name = what.name
    this.#size = what.size
  }

  /**
   * Makes one of `size` bytes, all zero, which take memory when they are first accessed. EINVAL for a
   * name over 249 bytes, EMFILE, ENOMEM.
   */
  static create(
    kernel: Pick<Kernel, 'sys'>,
    name: string,
    size: number,
    options: MemfdOptions = {},
  ): Memfd {
    const calls = Calls.from(sysOf(kernel), Memfd.create)
    check.text('name', name)
    check.integer('size', size)
    check.optionsOf('options', options, ['seals'])
    const bits = sealBits(options.seals ?? [])
    const flags = MFD_CLOEXEC | MFD_ALLOW_SEALING
    const made = (): number => calls.sys.memfdCreate(name, flags)
    const fd = calls.call('memfd_create', made, { why: createReasons })
    try {
      truncate(calls, fd, size)
      if (bits !== 0) addSeals(calls, fd, bits)
    } catch (error) {
      drainAllSync([() => calls.close(fd)], [error])
    }
    return new Memfd(calls.sys, { name, fd, size })
  }

  /** Bytes. */
  get size(): number {
    return this.#size
  }

  /** The seals in force. EBADF once closed. */
  get seals(): Seal[] {
    const fd = this.requireFd('fcntl')
    const calls = Calls.from(this.sys, sealsGetter)
    return sealNames(calls.call('fcntl', () => this.sys.fcntl(fd, F_GET_SEALS, 0), { fd }))
  }

  /**
   * Adds seals, for good. EBUSY for `write` while a shared mapping or a udmabuf of it exists, EPERM once
   * sealed with `seal`.
   */
  seal(...seals: readonly Seal[]): void {
    const calls = Calls.from(this.sys, this.seal)
    addSeals(calls, this.requireFd('fcntl'), sealBits(seals))
  }

  /**
   * Makes it `size` bytes long; new bytes are zero. EPERM where sealed, ENOMEM.
   *
   * On the simulated kernel, later pages are not contiguous with the first ones: a mapping of both has no
   * `bytes`, only exact access. Create a memfd at its final size.
   */
  resize(size: number): void {
    const calls = Calls.from(this.sys, this.resize)
    check.integer('size', size)
    truncate(calls, this.requireFd('ftruncate'), size)
    this.#size = size
  }

  /**
   * Maps it, shared (MAP_SHARED). The mapping has `bytes` only where the seal `shrink` came before it, and
   * where the file reaches its end. EINVAL, EPERM where sealed, ENOMEM.
   */
  map(options: MapOptions = {}): Mapping {
    const calls = Calls.from(this.sys, this.map)
    check.optionsOf('options', options, ['access', 'offset', 'length'])
    const { access = 'read-write', offset = 0, length = Math.max(0, this.size - offset) } = options
    checkMapRange(options)
    const range = { offset, length }
    const address = mapFile(calls, this.requireFd('mmap'), range, protectionOf(access))
    return new Mapping(this.sys, { address, length, epoch: () => 0 })
  }

  protected override closedDetail(): string {
    return `memfd '${this.name}' was closed or released: use it before`
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
      EBUSY: possibly('a shared mapping or a udmabuf of it may write: unmap and close them first'),
      EPERM: possibly('it is sealed against further seals'),
      EINVAL: possibly("this kernel does not know the seal: 'exec' came with Linux 6.3"),
    }),
  })
}

function truncate(calls: Calls, fd: number, size: number): void {
  calls.call('ftruncate', () => calls.sys.ftruncate(fd, size), {
    fd,
    why: () => ({
      EINVAL: `the size is ${size}: it must be a number of bytes, 0 or more`,
      EPERM: `it is sealed: ${sealNames(calls.sys.fcntl(fd, F_GET_SEALS, 0)).join(', ')}`,
      ENOMEM: `there is no memory for ${size} bytes: close buffers, or ask for less`,
    }),
  })
}
