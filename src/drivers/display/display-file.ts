import { POLLIN, POLLRDNORM } from '../../abi/fcntl.ts'
import type {
  IoctlCall,
  MappedPages,
  MapRequest,
  OpenFile,
  UserMemory,
} from '../../kernel/dmabuf/file.ts'
import { DrmIoctls } from '../../kernel/drm/drm-ioctl.ts'
import { mapObject, refusedRequest } from '../../kernel/drm/gem-file.ts'
import { gemIoctls } from '../../kernel/drm/gem-ioctls.ts'
import { primeIoctls } from '../../kernel/drm/prime-ioctls.ts'
import type { Card } from './card.ts'
import { cardIoctls } from './card-ioctls.ts'
import { Client } from './client.ts'
import { crtcIoctls } from './crtc-ioctls.ts'
import { framebufferIoctls } from './framebuffer-ioctls.ts'
import { resourceIoctls } from './resource-ioctls.ts'

const ioctls = new DrmIoctls<Client>(
  ['modeset'],
  [
    ...cardIoctls,
    ...crtcIoctls,
    ...framebufferIoctls,
    ...gemIoctls,
    ...primeIoctls,
    ...resourceIoctls,
  ],
)

/** An open file of the display. Source: the drm_read and drm_poll of Linux 6.12. */
export class DisplayFile implements OpenFile {
  readonly what: string
  readonly hasUnsignedOffsets = true
  flags: number
  readonly #client: Client

  constructor(path: string, flags: number, card: Card) {
    this.what = path
    this.flags = flags
    this.#client = new Client(card)
  }

  opened(file: number): void {
    this.#client.handles.file = file
  }

  /** May sleep. See DrmIoctls. */
  ioctl(call: IoctlCall): Promise<number> {
    return ioctls.run(this.#client, call)
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

  read(target: Uint8Array): number {
    return this.#client.events.read(target)
  }

  poll(): number {
    return this.#client.events.isReady ? POLLIN | POLLRDNORM : 0
  }

  onReady(listener: () => void): () => void {
    return this.#client.events.arrived.listen(listener)
  }

  release(): void {
    this.#client.release()
  }
}
