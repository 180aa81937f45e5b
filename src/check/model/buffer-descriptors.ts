import type { BufferId, DmabufEvent } from '../../events/event.ts'

/** Which buffer each descriptor stands for. */
export class BufferDescriptors {
  /** Numbers are used again and again: an entry is emptied, never deleted. */
  readonly #buffers = new Map<number, BufferId | undefined>()

  of(fd: number | undefined): BufferId | undefined {
    return fd === undefined ? undefined : this.#buffers.get(fd)
  }

  observe(event: DmabufEvent): void {
    if (event.kind === 'fd-open') this.#buffers.set(event.fd, event.buffer)
    else if (event.kind === 'fd-close') this.#buffers.set(event.fd, undefined)
  }
}
