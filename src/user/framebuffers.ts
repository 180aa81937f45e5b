import type { Calls } from './calls.ts'
import { drainAll } from './dispose.ts'
import type { DmaBuf } from './dma-buf.ts'
import { addFramebuffer, removeFramebuffer } from './drm-calls.ts'
import type { HandleTable } from './drm-handles.ts'
import type { HeldFd } from './held-fd.ts'
import { type PictureLayout, planesOf } from './image-format.ts'

interface Entry {
  readonly buffer: DmaBuf
  readonly key: string
  readonly handle: number
  readonly framebuffer: number
}

const keyOf = (layout: PictureLayout): string => {
  const planes = planesOf(layout).map(({ offset, stride }) => `${offset}+${stride}`)
  return `${layout.width}x${layout.height} ${layout.format} ${planes.join(' ')}`
}

/**
 * The framebuffers of buffers that were shown, so that each buffer is imported and added once, not
 * once a frame. Those of buffers that have been closed are dropped when another is added.
 */
export class FramebufferCache {
  readonly #fd: HeldFd
  readonly #handles: HandleTable
  #entries: Entry[] = []

  constructor(fd: HeldFd, handles: HandleTable) {
    this.#fd = fd
    this.#handles = handles
  }

  /** May sleep. The framebuffer's id; `onScreen` is not dropped, also if its buffer is gone. */
  async get(
    calls: Calls,
    buffer: DmaBuf,
    layout: PictureLayout,
    onScreen: number | undefined,
  ): Promise<number> {
    const key = keyOf(layout)
    const known = this.#entries.find((entry) => entry.buffer === buffer && entry.key === key)
    if (known !== undefined) return known.framebuffer
    await this.#drop(calls, (entry) => entry.buffer.closed && entry.framebuffer !== onScreen)
    const handle = await this.#handles.open(calls, buffer)
    try {
      const framebuffer = await addFramebuffer(calls, this.#fd.number, { ...layout, handle })
      this.#entries.push({ buffer, key, handle, framebuffer })
      return framebuffer
    } catch (error) {
      await drainAll([() => this.#handles.close(calls, handle)], [error])
      throw error
    }
  }

  /** May sleep. Removes all framebuffers and closes their handles. */
  async clear(calls: Calls): Promise<void> {
    await this.#drop(calls, () => true)
  }

  async #drop(calls: Calls, when: (entry: Entry) => boolean): Promise<void> {
    const dropped = this.#entries.filter(when)
    this.#entries = this.#entries.filter((entry) => !dropped.includes(entry))
    await drainAll(
      dropped.flatMap(({ framebuffer, handle }) => [
        () => removeFramebuffer(calls, this.#fd.number, framebuffer),
        () => this.#handles.close(calls, handle),
      ]),
    )
  }
}
