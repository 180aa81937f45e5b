import { DRM_IOCTL_VERSION, drmVersion } from '../abi/drm.ts'
import { errno } from '../abi/errno.ts'
import { O_CLOEXEC, O_RDWR } from '../abi/fcntl.ts'
import {
  DRM_IOCTL_VGEM_FENCE_ATTACH,
  DRM_IOCTL_VGEM_FENCE_SIGNAL,
  drmVgemFenceAttach,
  drmVgemFenceSignal,
  VGEM_FENCE_WRITE,
} from '../abi/vgem.ts'
import * as check from '../syscalls/arguments.ts'
import { plainArg } from '../syscalls/ioctl-arg.ts'
import type { Kernel } from '../syscalls/kernel.ts'
import type { Syscalls } from '../syscalls/syscalls.ts'
import { DeviceOwner } from './async-owner.ts'
import { Calls } from './calls.ts'
import { checkBuffer, sysOf } from './checks.ts'
import type { DmaBuf } from './dma-buf.ts'
import { openCard } from './drm-cards.ts'
import { HandleTable } from './drm-handles.ts'
import { ImportedBuffer } from './imported-buffer.ts'

/**
 * vgem, the kernel's GEM device without hardware: it imports dma-bufs, and programs put fences on
 * them and signal these when they like. A fence that is not signalled signals itself after 10 s.
 */
export class VgemDevice extends DeviceOwner {
  protected override readonly noun = 'device'
  readonly #handles: HandleTable

  private constructor(sys: Syscalls, fd: number, path: string) {
    super(sys, fd, path)
    this.#handles = new HandleTable(this.held)
  }

  /** May sleep. Opens the card whose driver is vgem, or `path`. ENOENT, EACCES, EMFILE, ENODEV. */
  static async open(kernel: Pick<Kernel, 'sys'>, path?: string): Promise<VgemDevice> {
    const calls = Calls.from(sysOf(kernel), VgemDevice.open)
    if (path !== undefined) check.text('path', path)
    const card = await openCard(calls, {
      flags: O_RDWR | O_CLOEXEC,
      path,
      unfit: async (fd) => ((await isVgem(calls, fd)) ? undefined : 'has another driver'),
      none: {
        errno: errno.ENOENT,
        detail: 'no card has the driver vgem: load it with `modprobe vgem` (CONFIG_DRM_VGEM)',
      },
    })
    return new VgemDevice(calls.sys, card.fd, card.path)
  }

  /** May sleep. Imports `buffer`; dispose the result. EBADF, EINVAL, EIO. */
  async importBuffer(buffer: DmaBuf): Promise<ImportedBuffer> {
    const calls = Calls.from(this.sys, this.importBuffer)
    checkBuffer('buffer', buffer)
    this.requireFd()
    const handle = await this.#handles.open(calls, buffer)
    return new ImportedBuffer(this.sys, handle, (later) => this.#handles.close(later, handle))
  }

  /**
   * May sleep. Puts a new fence on `imported`; returns its number. A `write` fence makes readers wait
   * too. EBUSY if a pending fence conflicts with this access, ENOENT, ENOMEM.
   */
  async attachFence(imported: ImportedBuffer, access: 'read' | 'write'): Promise<number> {
    const calls = Calls.from(this.sys, this.attachFence)
    check.having('imported', imported, 'an ImportedBuffer', 'handle')
    check.uint32('imported.handle', imported.handle)
    check.oneOf('access', access, ['read', 'write'])
    const flags = access === 'write' ? VGEM_FENCE_WRITE : 0
    const bytes = drmVgemFenceAttach.create({ handle: imported.handle, flags })
    await calls.ioctl(this.requireFd(), DRM_IOCTL_VGEM_FENCE_ATTACH, plainArg(bytes), {
      why: () => ({
        EBUSY: 'a fence on this buffer is not signalled yet: signal it, or wait for it',
        ENOENT: `handle ${imported.handle} is not open: import the buffer again`,
      }),
    })
    return drmVgemFenceAttach.decode(bytes).out_fence
  }

  /** May sleep. Signals the fence `number`, once. ENOENT; ETIMEDOUT where its 10 s were over. */
  async signalFence(number: number): Promise<void> {
    const calls = Calls.from(this.sys, this.signalFence)
    check.uint32('number', number)
    const bytes = drmVgemFenceSignal.create({ fence: number })
    await calls.ioctl(this.requireFd(), DRM_IOCTL_VGEM_FENCE_SIGNAL, plainArg(bytes), {
      why: () => ({
        ENOENT: `there is no fence ${number}: each can be signalled once`,
        ETIMEDOUT: 'it signalled itself after 10 s: signal fences sooner',
      }),
    })
  }

  /** Releases the imported buffers. */
  protected override async shutDown(calls: Calls): Promise<void> {
    await this.#handles.closeAll(calls)
  }
}

/** May sleep. Whether the driver behind `fd` calls itself vgem; also false for no DRM device. */
async function isVgem(calls: Calls, fd: number): Promise<boolean> {
  const name = new Uint8Array(8)
  const bytes = drmVersion.create({ name_len: name.length })
  const pointers = new Map([[drmVersion.offsets.name, plainArg(name)]])
  const expect = [-errno.ENOTTY, -errno.EINVAL, -errno.EOPNOTSUPP]
  const result = await calls.ioctl(fd, DRM_IOCTL_VERSION, { bytes, pointers }, { expect })
  if (result < 0) return false
  const { name_len } = drmVersion.decode(bytes)
  return new TextDecoder().decode(name.subarray(0, name_len)) === 'vgem'
}
