import type { BufferId } from '../../events/event.ts'
import type { OpenFile } from './files.ts'
import type { Tell } from './tell.ts'

/** A memfd that the program made. */
export interface KnownMemfd {
  readonly id: BufferId
  readonly what: string
  /** Bytes, not rounded to pages. */
  size: number
}

/** Memory that is not a dma-buf: memfds, and mappings of a device's node. */
export class Memories {
  readonly #tell: Tell
  /** By the open file, then by the offset that was mapped. */
  #ofDevices = new WeakMap<OpenFile, Map<number, BufferId>>()
  #latest = 0

  constructor(tell: Tell) {
    this.#tell = tell
  }

  memfd(name: string): KnownMemfd {
    const memfd = { id: --this.#latest, what: `memfd ${name}`, size: 0 }
    this.#announce(memfd)
    return memfd
  }

  /** ftruncate has made it `size` bytes long. */
  resized(memfd: KnownMemfd, size: number): void {
    if (memfd.size === size) return
    memfd.size = size
    this.#announce(memfd)
  }

  /**
   * The memory that a mapping of the device `file` shows from `offset` on: a driver's own buffer.
   */
  ofDevice(file: OpenFile, offset: number, length: number): BufferId {
    const known = this.#ofDevices.get(file) ?? new Map<number, BufferId>()
    this.#ofDevices.set(file, known)
    const present = known.get(offset)
    if (present !== undefined) return present
    const id = --this.#latest
    known.set(offset, id)
    this.#announce({ id, what: `memory of ${file.what}`, size: length })
    return id
  }

  #announce({ id: buffer, what, size }: KnownMemfd): void {
    this.#tell({ kind: 'memory', buffer, what, size })
  }
}
