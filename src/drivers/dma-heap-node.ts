/**
 * The character device of a dma-heap, /dev/dma_heap/<name>.
 * Source: drivers/dma-buf/dma-heap.c of Linux 6.12, for the order of checks and their errors.
 */

import { type DmaHeapAllocationData, dmaHeapAllocationData } from '../abi/dma-heap.ts'
import { O_ACCMODE, O_CLOEXEC, PAGE_SIZE } from '../abi/fcntl.ts'
import { decodeIoctl } from '../abi/ioctl-number.ts'
import type { DmaBufCore } from '../kernel/dmabuf/core.ts'
import type { DmaBuf } from '../kernel/dmabuf/dma-buf.ts'
import { dmaBufFd } from '../kernel/dmabuf/dma-buf-fd.ts'
import type { DeviceNode, IoctlCall, OpenFile } from '../kernel/dmabuf/file.ts'
import { KernelError } from '../machine/kernel-error.ts'
import type { Machine } from '../machine/machine.ts'

/** A heap's allocation: a buffer of `length` bytes, whole pages. It may sleep. */
export interface Heap {
  allocate(length: number, fdFlags: number, heapFlags: number): Promise<DmaBuf> | DmaBuf
}

export class DmaHeapNode implements DeviceNode {
  readonly path: string
  readonly #heap: Heap
  readonly #machine: Machine
  readonly #core: DmaBufCore

  constructor(name: string, heap: Heap, machine: Machine, core: DmaBufCore) {
    this.path = `/dev/dma_heap/${name}`
    this.#heap = heap
    this.#machine = machine
    this.#core = core
  }

  open(flags: number): OpenFile {
    return {
      what: this.path,
      flags,
      ioctl: (call) => this.#ioctl(call),
      release: () => {},
    }
  }

  /** The kernel compares the number alone: a shorter structure is filled up with zeros. */
  async #ioctl(call: IoctlCall): Promise<number> {
    if (decodeIoctl(call.request).nr !== 0) {
      throw new KernelError('EINVAL', `request 0x${call.request.toString(16)} is not ALLOC`)
    }
    const whole = new Uint8Array(dmaHeapAllocationData.size)
    whole.set(call.argument.bytes.subarray(0, whole.length))
    const data = dmaHeapAllocationData.over(whole)
    checkRequest(data)
    // 2^64: PAGE_ALIGN wraps around.
    const length = (Math.ceil(data.len / PAGE_SIZE) * PAGE_SIZE) % 2 ** 64
    if (length === 0) throw new KernelError('EINVAL', `len is ${data.len}: nothing to allocate`)
    const buffer = await this.#heap.allocate(length, data.fd_flags, data.heap_flags)
    data.fd = this.#install(call, buffer, data.fd_flags)
    call.argument.bytes.set(whole.subarray(0, call.argument.bytes.length))
    return 0
  }

  #install(call: IoctlCall, buffer: DmaBuf, flags: number): number {
    const context = { machine: this.#machine, core: this.#core }
    try {
      return dmaBufFd(context, buffer, flags, call.files)
    } catch (error) {
      this.#core.put(buffer)
      throw error
    }
  }
}

function checkRequest(data: DmaHeapAllocationData): void {
  if (data.fd !== 0) throw new KernelError('EINVAL', `fd is ${data.fd} going in: it must be 0`)
  const unknown = (data.fd_flags & ~(O_ACCMODE | O_CLOEXEC)) >>> 0
  if (unknown !== 0) {
    throw new KernelError(
      'EINVAL',
      `fd_flags has 0x${unknown.toString(16)}: O_CLOEXEC and an access mode are allowed`,
    )
  }
  if (data.heap_flags !== 0) {
    throw new KernelError('EINVAL', `heap_flags is ${data.heap_flags}: no flag is defined`)
  }
}
