import { O_CLOEXEC, O_RDWR } from '../../abi/fcntl.ts'
import { UDMABUF_CREATE, UDMABUF_CREATE_LIST } from '../../abi/udmabuf.ts'
import type { DmaBufCore } from '../../kernel/dmabuf/core.ts'
import type { DmaBuf } from '../../kernel/dmabuf/dma-buf.ts'
import { dmaBufFd } from '../../kernel/dmabuf/dma-buf-fd.ts'
import type { DeviceNode, IoctlCall, OpenFile } from '../../kernel/dmabuf/file.ts'
import type { PinnedPages } from '../../kernel/shmem/memfd.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import type { Machine } from '../../machine/machine.ts'
import { pinAll } from './pages.ts'
import type { Udmabufs } from './udmabuf.ts'
import { checkedSize, readCreate, readCreateList, type UdmabufRequest } from './udmabuf-request.ts'

/** /dev/udmabuf. Source: udmabuf_ioctl in drivers/dma-buf/udmabuf.c of Linux 6.12. */
export class UdmabufNode implements DeviceNode {
  readonly path = '/dev/udmabuf'
  readonly #kernel: { readonly machine: Machine; readonly core: DmaBufCore }
  readonly #udmabufs: Udmabufs

  constructor(machine: Machine, core: DmaBufCore, udmabufs: Udmabufs) {
    this.#kernel = { machine, core }
    this.#udmabufs = udmabufs
  }

  open(flags: number): OpenFile {
    return { what: this.path, flags, ioctl: (call) => this.#ioctl(call), release: () => {} }
  }

  async #ioctl(call: IoctlCall): Promise<number> {
    const { faults } = this.#kernel.machine
    switch (call.request) {
      case UDMABUF_CREATE:
        faults.pass('copy_from_user')
        return this.#create(call, readCreate(call.argument))
      case UDMABUF_CREATE_LIST:
        faults.pass('copy_from_user')
        return this.#create(call, readCreateList(call.argument))
      default:
        throw new KernelError('ENOTTY', `0x${call.request.toString(16)} is not a udmabuf request`)
    }
  }

  /** Returns the new descriptor. */
  #create({ files }: IoctlCall, { items, closeOnExec }: UdmabufRequest): number {
    this.#kernel.machine.faults.pass('kmalloc')
    const size = checkedSize(items)
    const buffer = this.#export(pinAll(items, files), size)
    try {
      return dmaBufFd(this.#kernel, buffer, O_RDWR | (closeOnExec ? O_CLOEXEC : 0), files)
    } catch (error) {
      this.#kernel.core.put(buffer)
      throw error
    }
  }

  #export(pinned: PinnedPages, size: number): DmaBuf {
    try {
      return this.#udmabufs.export(pinned, size)
    } catch (error) {
      pinned.unpin()
      throw error
    }
  }
}
