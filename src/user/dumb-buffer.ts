import * as dumb from '../abi/drm-dumb.ts'
import { plainArg } from '../syscalls/ioctl-arg.ts'
import type { Syscalls } from '../syscalls/syscalls.ts'
import { AsyncOwner } from './async-owner.ts'
import { mapFile } from './buffer-core.ts'
import { Calls, type Possible, possibly } from './calls.ts'
import { protectionOf } from './cpu-access-kind.ts'
import { drainAllSync } from './dispose.ts'
import { DmaBuf } from './dma-buf.ts'
import { handleToFd } from './drm-calls.ts'
import { Mapping } from './mapping.ts'

/** The size of a dumb buffer. */
export interface DumbOptions {
  /** Pixels. */
  readonly width: number
  /** Pixels. */
  readonly height: number
  /** Bits per pixel; 32 unless given. */
  readonly bitsPerPixel?: number
}

/** The device that a dumb buffer is of. */
export interface DumbOwner {
  /** Its descriptor; throws EBADF once closed. */
  fd(): number
  /** How many of its dumb buffers are alive. */
  alive(): number
  /** May sleep. Closes `handle`; nothing to do once the device is closed. */
  close(calls: Calls, handle: number): Promise<void>
}

/** A buffer in plain memory, made by a display: any display can show it and the CPU can map it. */
export class DumbBuffer extends AsyncOwner {
  /** The GEM handle, of the device that made it. */
  readonly handle: number
  /** Bytes from line to line. */
  readonly stride: number
  /** @deprecated Use `stride`. */
  readonly pitch: number
  /** Bytes. */
  readonly size: number
  readonly #device: DumbOwner

  private constructor(sys: Syscalls, device: DumbOwner, facts: dumb.DrmModeCreateDumb) {
    super(sys)
    this.#device = device
    this.handle = facts.handle
    this.stride = facts.pitch
    this.pitch = facts.pitch
    this.size = facts.size
  }

  /** May sleep. CREATE_DUMB: use `DrmDevice.createDumb`. */
  static async create(calls: Calls, device: DumbOwner, options: DumbOptions): Promise<DumbBuffer> {
    const { width, height, bitsPerPixel: bpp = 32 } = options
    const bytes = dumb.drmModeCreateDumb.create({ width, height, bpp })
    await calls.ioctl(device.fd(), dumb.DRM_IOCTL_MODE_CREATE_DUMB, plainArg(bytes), {
      why: () => ({
        EINVAL: possibly(`${width}x${height} at ${bpp} bits is empty or too large`),
        ENOMEM: noMemory(options, device.alive()),
        ENOSYS: 'this driver makes no dumb buffers: allocate from a heap',
      }),
    })
    return new DumbBuffer(calls.sys, device, dumb.drmModeCreateDumb.decode(bytes))
  }

  /** May sleep. Maps it for reading and writing, through the device. ENOENT once destroyed. */
  async map(): Promise<Mapping> {
    const calls = Calls.from(this.sys, this.map)
    const fd = this.#device.fd()
    const bytes = dumb.drmModeMapDumb.create({ handle: this.handle })
    await calls.ioctl(fd, dumb.DRM_IOCTL_MODE_MAP_DUMB, plainArg(bytes), {
      why: () => ({ ENOENT: `handle ${this.handle} is not open: map before destroying` }),
    })
    const { offset } = dumb.drmModeMapDumb.decode(bytes)
    const length = this.size
    const address = mapFile(calls, fd, { offset, length }, protectionOf('read-write'))
    return new Mapping(calls.sys, { address, length, epoch: () => 0 })
  }

  /** May sleep. A dma-buf of the same memory; the caller owns it. EMFILE, ENOENT once destroyed. */
  async exportBuffer(): Promise<DmaBuf> {
    const calls = Calls.from(this.sys, this.exportBuffer)
    const fd = await handleToFd(calls, this.#device.fd(), this.handle)
    try {
      return DmaBuf.adoptWith(calls, fd)
    } catch (error) {
      drainAllSync([() => calls.close(fd)], [error])
      throw error
    }
  }

  /** Releases the handle; mappings and exported buffers stay. */
  protected override async end(calls: Calls): Promise<void> {
    await this.#device.close(calls, this.handle)
  }
}

/** The kernel says how much was asked for; where buffers are alive, they are the likely cause. */
function noMemory({ width, height }: DumbOptions, alive: number): string | Possible {
  if (alive === 0) return possibly('there is no memory left for it: make a smaller buffer')
  const buffers = alive === 1 ? '1 dumb buffer' : `${alive} dumb buffers`
  return (
    `no memory is left for ${width}x${height}, and ${buffers} of this open device ${alive === 1 ? 'is' : 'are'} alive: ` +
    'dispose each one that is no longer shown (`await using`, or close()), or draw into the same two or ' +
    'three again; they end with the device at the latest'
  )
}
