import type {
  DeviceNode,
  IoctlCall,
  MappedPages,
  MapRequest,
  OpenFile,
  UserMemory,
} from '../../kernel/dmabuf/file.ts'
import { mapObject, refusedRequest } from '../../kernel/drm/gem-file.ts'
import type { GemParts } from '../../kernel/drm/gem-parts.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import { VgemCard } from './vgem-card.ts'
import { VgemClient } from './vgem-client.ts'
import { vgemIoctls } from './vgem-ioctls.ts'
import { VGEM_NAME } from './vgem-memory.ts'

/**
 * vgem, a DRM device without hardware: dumb buffers, PRIME in both ways, and fences that programs put on
 * buffers and signal. Source: drivers/gpu/drm/vgem/vgem_drv.c of Linux 6.12.
 */
export class VgemNode implements DeviceNode {
  readonly path = '/dev/dri/card1'
  readonly #card: VgemCard

  constructor(parts: GemParts) {
    // vgem_init: a platform device that the driver makes, with a mask of 64 bits.
    parts.dma.devices.set(VGEM_NAME, { virtual: true })
    parts.dma.devices.setMask(VGEM_NAME, 64)
    this.#card = new VgemCard(parts)
  }

  /** Does not fail. */
  open(flags: number): OpenFile {
    return new VgemFile(this.path, flags, this.#card)
  }
}

class VgemFile implements OpenFile {
  readonly what: string
  readonly hasUnsignedOffsets = true
  flags: number
  readonly #client: VgemClient

  constructor(path: string, flags: number, card: VgemCard) {
    this.what = path
    this.flags = flags
    this.#client = new VgemClient(card)
  }

  opened(file: number): void {
    this.#client.handles.file = file
  }

  /** May sleep. See DrmIoctls. */
  ioctl(call: IoctlCall): Promise<number> {
    return vgemIoctls.run(this.#client, call)
  }

  refused(request: number, argument: UserMemory, errno: number): void {
    refusedRequest(this.#client, request, argument, errno)
  }

  mmap(request: MapRequest): MappedPages {
    return mapObject(this.#client, request)
  }

  /** noop_llseek. */
  lseek(): number {
    return 0
  }

  /** drm_read: there are no events. */
  read(): number {
    throw new KernelError('EAGAIN', 'vgem has no events to read')
  }

  /** drm_poll: it is never ready. */
  poll(): number {
    return 0
  }

  release(): void {
    this.#client.release()
  }
}
