import { DMA_HEAP_IOCTL_ALLOC, dmaHeapAllocationData } from '../abi/dma-heap.ts'
import { O_CLOEXEC, O_RDONLY, O_RDWR } from '../abi/fcntl.ts'
import * as check from '../syscalls/arguments.ts'
import { plainArg } from '../syscalls/ioctl-arg.ts'
import type { Kernel } from '../syscalls/kernel.ts'
import type { Syscalls } from '../syscalls/syscalls.ts'
import { Calls, possibly } from './calls.ts'
import { sysOf } from './checks.ts'
import { drainAllSync, Undo } from './dispose.ts'
import { type AbortOptions, DmaBuf } from './dma-buf.ts'
import { FdOwner } from './owned-fd.ts'

const NO_HEAPS =
  'the files in /dev/dma_heap are the heaps of this kernel; without that folder it was built without ' +
  'CONFIG_DMABUF_HEAPS_SYSTEM (Debian has it on amd64 from 6.12 on)'
const OTHER_HEAPS =
  'the files in /dev/dma_heap are the heaps of this kernel. A heap of contiguous memory exists if the ' +
  'kernel has a CMA region, which a stock PC does not: linux,cma after its usual node in the device tree, ' +
  'reserved if set on the command line, default_cma_region from Linux 6.17 on'

/** A dma-heap: where programs allocate dma-bufs that no device owns. */
export class DmaHeap extends FdOwner {
  /** The heap's name, as `system`. */
  readonly name: string

  private constructor(sys: Syscalls, name: string, fd: number) {
    super(sys, fd)
    this.name = name
  }

  /** Opens /dev/dma_heap/`name`. ENOENT, EACCES, EMFILE. */
  static open(kernel: Pick<Kernel, 'sys'>, name = 'system'): DmaHeap {
    const calls = Calls.from(sysOf(kernel), DmaHeap.open)
    check.text('name', name)
    const fd = calls.open(`/dev/dma_heap/${name}`, O_RDONLY | O_CLOEXEC, () => ({
      ENOENT: `there is no heap '${name}': ${name === 'system' ? NO_HEAPS : OTHER_HEAPS}`,
      EACCES: 'you may not open heaps: run as root, or let a udev rule give your group access',
    }))
    return new DmaHeap(calls.sys, name, fd)
  }

  /**
   * May sleep. A buffer of `size` bytes, rounded up to whole pages, all zero; the caller owns it.
   * EINVAL for no bytes, ENOMEM, EMFILE, EBADF once closed.
   */
  async allocate(size: number, options: AbortOptions = {}): Promise<DmaBuf> {
    const calls = Calls.from(this.sys, this.allocate)
    check.integer('size', size)
    check.waitOptions('options', options)
    return await this.#allocate(calls, size, options)
  }

  /**
   * May sleep. `count` buffers of `size` bytes each, as `allocate`; all or none.
   */
  async allocateBuffers(
    count: number,
    size: number,
    options: AbortOptions = {},
  ): Promise<DmaBuf[]> {
    const calls = Calls.from(this.sys, this.allocateBuffers)
    check.integer('count', count)
    check.integer('size', size)
    check.waitOptions('options', options)
    const undo = new Undo()
    const buffers: DmaBuf[] = []
    try {
      while (buffers.length < count) {
        const buffer = await this.#allocate(calls, size, options)
        undo.defer(() => calls.run(() => buffer.close()))
        buffers.push(buffer)
      }
    } catch (error) {
      return await undo.fail(error)
    }
    return buffers
  }

  static {
    DmaHeap.prototype.allocateAll = DmaHeap.prototype.allocateBuffers
  }

  /** @deprecated Use `allocateBuffers`. */
  declare allocateAll: DmaHeap['allocateBuffers']

  async #allocate(calls: Calls, size: number, { signal }: AbortOptions): Promise<DmaBuf> {
    const bytes = dmaHeapAllocationData.create({ len: size, fd_flags: O_RDWR | O_CLOEXEC })
    await calls.ioctl(
      this.requireFd('DMA_HEAP_IOCTL_ALLOC'),
      DMA_HEAP_IOCTL_ALLOC,
      plainArg(bytes),
      {
        signal,
        why: () => ({
          EINVAL: possibly(`size ${size} is less than a page: ask for at least one byte`),
          ENOMEM: possibly(
            `heap '${this.name}' has no ${size} bytes left: close buffers, or ask for less`,
          ),
          EMFILE: 'too many descriptors are open: close buffers',
        }),
      },
    )
    const { fd } = dmaHeapAllocationData.decode(bytes)
    try {
      return DmaBuf.adoptWith(calls, fd)
    } catch (error) {
      drainAllSync([() => calls.close(fd)], [error])
      throw error
    }
  }

  protected override closedDetail(): string {
    return `heap '${this.name}' was closed: allocate before close(), or inside its \`using\` block`
  }
}
