import type { DmabufEvent, EventId } from '../../events/event.ts'

/**
 * Descriptors that a call installed before it failed. The process never learns their numbers and cannot close
 * them. They stay open until it ends, as on Linux: no driver may remove an installed descriptor.
 */
export class UndeliveredFds {
  readonly #fds = new Set<number>()
  /** Installed by calls that have not returned, by the events in which the calls began. */
  readonly #installed = new Map<EventId, number[]>()

  has(fd: number): boolean {
    return this.#fds.has(fd)
  }

  observe(event: DmabufEvent): void {
    const { within } = event
    if (event.kind === 'fd-close') this.#fds.delete(event.fd)
    else if (within === undefined) return
    else if (event.kind === 'fd-open') {
      this.#installed.set(within, [...(this.#installed.get(within) ?? []), event.fd])
    } else if (event.kind === 'call' && event.phase === 'exit') {
      const fds = this.#installed.get(within) ?? []
      this.#installed.delete(within)
      if ((event.result ?? 0) < 0) for (const fd of fds) this.#fds.add(fd)
    }
  }
}
