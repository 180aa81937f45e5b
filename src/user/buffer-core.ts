import { DMA_BUF_IOCTL_SYNC, DMA_BUF_SYNC_VALID_FLAGS_MASK, dmaBufSync } from '../abi/dma-buf.ts'
import { errno } from '../abi/errno.ts'
import { MAP_SHARED, PROT_READ, PROT_WRITE } from '../abi/fcntl.ts'
import type { Failure } from '../syscalls/call-scope.ts'
import { type IoctlArg, plainArg } from '../syscalls/ioctl-arg.ts'
import type { Syscalls } from '../syscalls/syscalls.ts'
import type { Operation } from '../syscalls/watching.ts'
import { type Calls, possibly, type Reasons, succeed } from './calls.ts'
import { type CpuAccessKind, protectionOf } from './cpu-access-kind.ts'

/** Maps `[offset, offset + length)` of `fd`; returns the address. EINVAL, EACCES, ENOMEM. */
export function mapFile(
  calls: Calls,
  fd: number,
  range: { offset: number; length: number },
  protection: number,
): number {
  const { offset, length } = range
  return calls.call('mmap', () => calls.sys.mmap(length, protection, MAP_SHARED, fd, offset), {
    fd,
    why: () => mapReasons(offset, length),
  })
}

const mapReasons = (offset: number, length: number): ReturnType<Reasons> => ({
  EINVAL: possibly(
    `offset ${offset} must be a multiple of the page size, offset and length ${length} must stay ` +
      'inside the buffer, and its exporter must allow mapping',
  ),
  EACCES:
    "the descriptor is not open for writing: map with access 'read', or export it with DRM_RDWR",
  ENOMEM: 'no address space is left: dispose unused mappings',
})

/** SYNC is called often, and no kernel writes to its structure: one for each flags is enough. */
const syncArguments = new Map<number, IoctlArg>()

function syncArgument(flags: number): IoctlArg {
  const present = syncArguments.get(flags)
  if (present !== undefined) return present
  const argument = plainArg(dmaBufSync.create({ flags }))
  if (flags <= DMA_BUF_SYNC_VALID_FLAGS_MASK) syncArguments.set(flags, argument)
  return argument
}

/**
 * The state that a DmaBuf and its CPU accesses share: the descriptor, and one mapping of the whole buffer.
 * The mapping is made at the first use and kept, so that an access to each frame does not map each frame.
 */
export class BufferCore {
  readonly sys: Syscalls
  /** Bytes. */
  readonly size: number
  /** Incremented by each SYNC: an array that a mapping handed out before is taken again. */
  epoch = 0
  readonly #fd: (syscall: string) => number
  readonly #isClosed: () => boolean
  #brackets = 0
  #mapping: { readonly address: number; readonly protection: number } | undefined

  /** `fd` gives the descriptor, or throws EBADF for the system call that it is given. */
  constructor(
    sys: Syscalls,
    size: number,
    fd: (syscall: string) => number,
    isClosed: () => boolean,
  ) {
    this.sys = sys
    this.size = size
    this.#fd = fd
    this.#isClosed = isClosed
  }

  /** The descriptor; EBADF for `syscall` once closed. */
  fd(syscall: string): number {
    return this.#fd(syscall)
  }

  /** The CPU's use of the buffer as an operation; `ends` says that it only ends one. */
  operation(name: string, access: CpuAccessKind, ends = false): Operation {
    const fds = this.#isClosed() ? [] : [this.fd(name)]
    return { name, by: 'cpu', access, ends, fds }
  }

  /** Whether CPU accesses are open. */
  get busy(): boolean {
    return this.#brackets > 0
  }

  /** May sleep. DMA_BUF_IOCTL_SYNC with `flags`. */
  async sync(calls: Calls, flags: number, signal?: AbortSignal): Promise<void> {
    const fd = this.fd('DMA_BUF_IOCTL_SYNC')
    try {
      await calls.ioctl(fd, DMA_BUF_IOCTL_SYNC, syncArgument(flags), {
        signal,
        why: () => ({ EINVAL: possibly(`flags ${flags}: the exporter refused this CPU access`) }),
      })
    } finally {
      this.epoch++
    }
  }

  /** A CPU access has begun. */
  enter(): void {
    this.#brackets++
  }

  /** A CPU access has ended. */
  leave(): void {
    this.#brackets--
  }

  /** The address of the shared mapping, made now if need be. A read-only buffer is mapped so. */
  map(calls: Calls, access: CpuAccessKind): number {
    const wanted = protectionOf(access)
    const mapping = this.#mapping
    if (mapping !== undefined && (mapping.protection & wanted) === wanted) return mapping.address
    const fd = this.fd('mmap')
    const range = { offset: 0, length: this.size }
    const both = PROT_READ | PROT_WRITE
    const failure: Failure = {}
    const result = calls.run(() => this.sys.mmap(this.size, both, MAP_SHARED, fd, 0), failure)
    const readOnly = result === -errno.EACCES && wanted === PROT_READ
    const address = readOnly
      ? mapFile(calls, fd, range, PROT_READ)
      : succeed('mmap', result, { fd, why: () => mapReasons(0, this.size), failure })
    this.#mapping = { address, protection: readOnly ? PROT_READ : both }
    return address
  }

  /** Unmaps the mapping of the CPU accesses: their bytes must not be used any more. */
  unmap(calls: Calls): void {
    const mapping = this.#mapping
    this.#mapping = undefined
    if (mapping !== undefined) calls.munmap(mapping.address, this.size)
  }
}
