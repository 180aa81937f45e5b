import type { Calls } from './calls.ts'
import { drainAll } from './dispose.ts'
import type { DmaBuf } from './dma-buf.ts'
import { fdToHandle, gemClose } from './drm-calls.ts'
import { Serial } from './serial.ts'

/**
 * The GEM handles that a device has imported. The kernel returns the same handle for the same buffer
 * and counts nothing, so one close ends all imports: here they are counted, and a handle is closed
 * when its last import is. An import and a close are never under way together.
 */
export class HandleTable {
  readonly #fd: number
  readonly #counts = new Map<number, number>()
  readonly #serial = new Serial()

  constructor(fd: number) {
    this.#fd = fd
  }

  /** May sleep. The handle of `buffer`, counted once more. */
  open(calls: Calls, buffer: DmaBuf): Promise<number> {
    return this.#serial.run(async () => {
      const handle = await fdToHandle(calls, this.#fd, buffer.fd)
      this.#counts.set(handle, (this.#counts.get(handle) ?? 0) + 1)
      return handle
    })
  }

  /** May sleep. Takes one import of `handle` back. */
  close(calls: Calls, handle: number): Promise<void> {
    return this.#serial.run(async () => {
      const count = this.#counts.get(handle) ?? 0
      if (count > 1) {
        this.#counts.set(handle, count - 1)
        return
      }
      if (!this.#counts.delete(handle)) return
      await gemClose(calls, this.#fd, handle)
    })
  }

  /** May sleep. Closes every handle, however often imported. */
  closeAll(calls: Calls): Promise<void> {
    return this.#serial.run(async () => {
      const handles = [...this.#counts.keys()]
      this.#counts.clear()
      await drainAll(handles.map((handle) => () => gemClose(calls, this.#fd, handle)))
    })
  }
}
