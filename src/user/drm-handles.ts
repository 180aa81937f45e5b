import type { Calls } from './calls.ts'
import { drainAll } from './dispose.ts'
import type { DmaBuf } from './dma-buf.ts'
import { destroyDumb, fdToHandle, gemClose } from './drm-calls.ts'
import type { HeldFd } from './held-fd.ts'
import { Serial } from './serial.ts'

interface Entry {
  count: number
  /** Made here by CREATE_DUMB. */
  readonly dumb: boolean
}

/**
 * The GEM handles that are open on a device. The kernel returns the same handle for each import of a
 * buffer, also of one that the device itself made and exported, and counts nothing, so one close ends
 * them all: here they are counted, and a handle is closed when its last owner closes it. An import and
 * a close never overlap.
 */
export class HandleTable {
  readonly #fd: HeldFd
  readonly #entries = new Map<number, Entry>()
  readonly #serial = new Serial()

  constructor(fd: HeldFd) {
    this.#fd = fd
  }

  /** May sleep. The handle of `buffer`, counted once more. */
  open(calls: Calls, buffer: DmaBuf): Promise<number> {
    return this.#serial.run(async () => {
      const handle = await fdToHandle(calls, this.#fd.number, buffer.fd)
      this.#count(handle, false)
      return handle
    })
  }

  /** How many dumb buffers that were made here are alive. */
  get dumbCount(): number {
    return [...this.#entries.values()].filter(({ dumb }) => dumb).length
  }

  /** May sleep. The dumb buffer that `make` makes, its handle counted. */
  makeDumb<T extends { readonly handle: number }>(make: () => Promise<T>): Promise<T> {
    return this.#serial.run(async () => {
      const made = await make()
      this.#count(made.handle, true)
      return made
    })
  }

  #count(handle: number, dumb: boolean): void {
    const entry = this.#entries.get(handle)
    if (entry === undefined) this.#entries.set(handle, { count: 1, dumb })
    else entry.count++
  }

  /** May sleep. One owner of `handle` closes it. */
  close(calls: Calls, handle: number): Promise<void> {
    return this.#serial.run(async () => {
      const entry = this.#entries.get(handle)
      if (entry === undefined || --entry.count > 0) return
      this.#entries.delete(handle)
      await this.#drop(calls, handle, entry)
    })
  }

  /** May sleep. Closes every handle, however many owners it has. */
  closeAll(calls: Calls): Promise<void> {
    return this.#serial.run(async () => {
      const entries = [...this.#entries]
      this.#entries.clear()
      await drainAll(
        entries.map(
          ([handle, entry]) =>
            () =>
              this.#drop(calls, handle, entry),
        ),
      )
    })
  }

  #drop(calls: Calls, handle: number, entry: Entry): Promise<void> {
    return entry.dumb
      ? destroyDumb(calls, this.#fd.number, handle)
      : gemClose(calls, this.#fd.number, handle)
  }
}
