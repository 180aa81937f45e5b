import { O_CLOEXEC, O_RDWR } from '../abi/fcntl.ts'
import {
  UDMABUF_CREATE,
  UDMABUF_CREATE_LIST,
  UDMABUF_FLAGS_CLOEXEC,
  udmabufCreate,
  udmabufList,
} from '../abi/udmabuf.ts'
import * as check from '../syscalls/arguments.ts'
import { plainArg } from '../syscalls/ioctl-arg.ts'
import type { Kernel } from '../syscalls/kernel.ts'
import type { Syscalls } from '../syscalls/syscalls.ts'
import { Calls, possibly, type Reasons } from './calls.ts'
import { checkMemfd, sysOf } from './checks.ts'
import { drainAllSync } from './dispose.ts'
import { type AbortOptions, DmaBuf } from './dma-buf.ts'
import type { Memfd } from './memfd.ts'
import { FdOwner } from './owned-fd.ts'

/** A range of a memfd; all of it unless given. */
export interface MemfdRange {
  /** Bytes, whole pages; 0 unless given. */
  readonly offset?: number
  /** Bytes, whole pages; up to the end unless given. */
  readonly size?: number
}

/** Part of a buffer that is put together from several. */
export interface UdmabufPart extends MemfdRange {
  readonly memfd: Memfd
}

const PATH = '/dev/udmabuf'

/**
 * udmabuf: makes dma-bufs from the pages of memfds. Write through the dma-buf: a store through a mapping of
 * the memfd is in no CPU access, and devices may miss it.
 */
export class Udmabuf extends FdOwner {
  private constructor(sys: Syscalls, fd: number) {
    super(sys, fd)
  }

  /** Opens /dev/udmabuf. ENOENT, EACCES, EMFILE. */
  static open(kernel: Pick<Kernel, 'sys'>): Udmabuf {
    const calls = Calls.from(sysOf(kernel), Udmabuf.open)
    const fd = calls.open(PATH, O_RDWR | O_CLOEXEC, () => ({
      ENOENT: 'this kernel has no udmabuf: it needs CONFIG_UDMABUF',
      EACCES:
        "you may not open it: join the group 'kvm', or let a udev rule give your group access",
    }))
    return new Udmabuf(calls.sys, fd)
  }

  /**
   * May sleep. A dma-buf of part of `memfd`, which must be sealed with `shrink` and not against
   * writing; the caller owns it. EINVAL, EBADFD, EMFILE, ENOMEM.
   */
  async create(memfd: Memfd, range: MemfdRange = {}, options: AbortOptions = {}): Promise<DmaBuf> {
    const calls = Calls.from(this.sys, this.create)
    check.optionsOf('range', range, ['offset', 'size'])
    check.waitOptions('options', options)
    const item = itemOf('range', { ...range, memfd })
    const bytes = udmabufCreate.create({ ...item, flags: UDMABUF_FLAGS_CLOEXEC })
    return await this.#make(calls, UDMABUF_CREATE, bytes, options)
  }

  /**
   * May sleep. A dma-buf of parts of memfds, one after the other, 1024 at most; as `create`. Its pages
   * do not lie in one piece: `bytes` of its CPU accesses is a copy, gathered and merged.
   */
  async createList(parts: readonly UdmabufPart[], options: AbortOptions = {}): Promise<DmaBuf> {
    const calls = Calls.from(this.sys, this.createList)
    check.list('parts', parts)
    check.waitOptions('options', options)
    const items = parts.map((part, i) => itemOf(`parts[${i}]`, part))
    const bytes = udmabufList(UDMABUF_FLAGS_CLOEXEC, items)
    return await this.#make(calls, UDMABUF_CREATE_LIST, bytes, options)
  }

  async #make(
    calls: Calls,
    request: number,
    bytes: Uint8Array,
    { signal }: AbortOptions,
  ): Promise<DmaBuf> {
    const fd = await calls.ioctl(this.requireFd('ioctl'), request, plainArg(bytes), { signal, why })
    try {
      return DmaBuf.adoptWith(calls, fd)
    } catch (error) {
      drainAllSync([() => calls.close(fd)], [error])
      throw error
    }
  }

  protected override closedDetail(): string {
    return `${PATH} was closed: use it before close(), or inside its \`using\` block`
  }
}

const why: Reasons = () => ({
  EINVAL: possibly(
    'offsets and sizes must be whole pages inside the memfds, 64 MiB at most in all, and each memfd ' +
      "sealed with 'shrink' and not against writing",
  ),
  EBADFD: 'only memfds have pages for it',
  ENOMEM: 'there is no memory for it',
  EMFILE: 'too many descriptors are open: close buffers',
})

function itemOf(name: string, part: UdmabufPart): { memfd: number; offset: number; size: number } {
  check.options(name, part)
  checkMemfd(name === 'range' ? 'memfd' : `${name}.memfd`, part.memfd)
  const { memfd, offset = 0, size = Math.max(0, memfd.size - offset) } = part
  check.integer(`${name}.offset`, offset)
  check.integer(`${name}.size`, size)
  return { memfd: memfd.fd, offset, size }
}
