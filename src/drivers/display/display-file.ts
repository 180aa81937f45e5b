import type { IoctlCall, MappedPages, MapRequest, OpenFile, UserMemory } from '../../dmabuf/file.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import { DRM_IOCTL_GEM_CLOSE, drmGemClose } from '../../uapi/drm.ts'
import { DRM_IOCTL_MODE_DESTROY_DUMB } from '../../uapi/drm-dumb.ts'
import { POLLIN } from '../../uapi/fcntl.ts'
import { decodeIoctl } from '../../uapi/ioctl-number.ts'
import type { Card } from './card.ts'
import { cardIoctls } from './card-ioctls.ts'
import { Client } from './client.ts'
import { crtcIoctls } from './crtc-ioctls.ts'
import type { DrmIoctl } from './drm-ioctl.ts'
import { framebufferIoctls } from './framebuffer-ioctls.ts'
import { gemIoctls } from './gem-ioctls.ts'
import { primeIoctls } from './prime-ioctls.ts'
import { resourceIoctls } from './resource-ioctls.ts'

const byNumber: ReadonlyMap<number, DrmIoctl> = new Map(
  [
    ...cardIoctls,
    ...crtcIoctls,
    ...framebufferIoctls,
    ...gemIoctls,
    ...primeIoctls,
    ...resourceIoctls,
  ].map((ioctl) => [decodeIoctl(ioctl.request).nr, ioctl]),
)

/** An open file of the display. Source: the drm_ioctl, drm_read, drm_poll and drm_gem_mmap of Linux 6.12. */
export class DisplayFile implements OpenFile {
  readonly what: string
  flags: number
  readonly #client: Client

  constructor(path: string, flags: number, card: Card) {
    this.what = path
    this.flags = flags
    this.#client = new Client(card)
  }

  /**
   * May sleep. Requests are known by their number; one that the card does not have is EINVAL, as
   * drm_ioctl answers it, and one of another kind of device ENOTTY.
   */
  async ioctl(call: IoctlCall): Promise<number> {
    const { type, nr } = decodeIoctl(call.request)
    const hex = `0x${call.request.toString(16)}`
    if (type !== 'd') throw new KernelError('ENOTTY', `request ${hex} is not one of DRM`)
    const ioctl = byNumber.get(nr)
    if (ioctl === undefined) throw new KernelError('EINVAL', `request ${hex} is not known here`)
    await ioctl.run(this.#client, call)
    return 0
  }

  refused(request: number, { bytes }: UserMemory, errno: number): void {
    if (request !== DRM_IOCTL_GEM_CLOSE && request !== DRM_IOCTL_MODE_DESTROY_DUMB) return
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    this.#client.handles.refused(view.getUint32(drmGemClose.offsets.handle, true), errno)
  }

  /**
   * Part of a dumb buffer, from the offset that MAP_DUMB gave. EINVAL for another offset, for more than
   * there is and for a private mapping; EACCES when this file has no handle for it.
   */
  mmap({ offset, length, shared }: MapRequest): MappedPages {
    const { card, handles } = this.#client
    const object = card.objects.atOffset(offset)
    if (object === undefined || length > object.buffer.size) {
      throw new KernelError('EINVAL', `no buffer of ${length} bytes is at ${offset}: see MAP_DUMB`)
    }
    if (!handles.has(object)) throw new KernelError('EACCES', 'this file has no handle for it')
    if (!shared) throw new KernelError('EINVAL', 'a buffer cannot be mapped MAP_PRIVATE')
    const { buffer } = object
    return { buffer, offset: 0, pages: card.core.mmap(buffer, 0, length) }
  }

  read(target: Uint8Array): number {
    return this.#client.events.read(target)
  }

  poll(events: number): number {
    return this.#client.events.isReady ? events & POLLIN : 0
  }

  onReady(listener: () => void): () => void {
    return this.#client.events.arrived.listen(listener)
  }

  release(): void {
    this.#client.release()
  }
}
