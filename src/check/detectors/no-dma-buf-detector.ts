/** Descriptors that are used as dma-bufs and are not: SYNC fails, and the program ignores it. */
import { errno } from '../../abi/errno.ts'
import type { CallEvent, DmabufEvent, FdOpenEvent } from '../../events/event.ts'
import type { Collector } from '../collector.ts'
import { agentName } from '../words.ts'
import type { Detector } from './detector.ts'

const SYNC = 'DMA_BUF_IOCTL_SYNC'
const ACCESSES: ReadonlySet<string> = new Set(['load', 'store', 'view'])

/** A mapping of a file that is not a dma-buf. */
interface Area {
  readonly fd: number
  readonly start: number
  readonly end: number
  readonly mapped: CallEvent
}

/**
 * A SYNC that probes the kind of a descriptor may fail: then nothing of it is mapped, and no other
 * SYNC follows.
 */
export class NoDmaBufDetector implements Detector {
  readonly #out: Collector
  /** Open files that are not dma-bufs, by descriptor. */
  readonly #others = new Map<number, FdOpenEvent | undefined>()
  readonly #areas = new Map<number, Area>()
  /** The SYNC that such a descriptor refused, by number. */
  readonly #refused = new Map<number, CallEvent>()

  constructor(out: Collector) {
    this.#out = out
  }

  after(event: DmabufEvent): void {
    if (event.kind === 'fd-open') {
      this.#others.set(event.fd, event.buffer === undefined ? event : undefined)
    } else if (event.kind === 'fd-close') {
      this.#others.set(event.fd, undefined)
      if (this.#refused.size > 0) this.#refused.delete(event.fd)
    } else if (event.kind === 'call' && event.phase === 'exit') this.#returned(event)
  }

  #returned(event: CallEvent): void {
    const { name, fd, result = 0, address, length = 0 } = event
    if (name === 'mmap') {
      if (fd === undefined || result <= 0 || this.#others.get(fd) === undefined) return
      this.#areas.set(result, { fd, start: result, end: result + length, mapped: event })
    } else if (name === 'munmap') {
      if (address !== undefined && this.#areas.size > 0) this.#areas.delete(address)
    } else if (name === SYNC) {
      if (fd !== undefined && result === -errno.ENOTTY) this.#synced(fd, event)
    } else if (this.#refused.size > 0 && ACCESSES.has(name) && result >= 0) this.#accessed(event)
  }

  #synced(fd: number, event: CallEvent): void {
    const other = this.#others.get(fd)
    if (other === undefined) return
    const refused = this.#refused.get(fd)
    if (refused === undefined) this.#refused.set(fd, event)
    else this.#report(event, refused, other)
  }

  #accessed(event: CallEvent): void {
    const { address = 0 } = event
    for (const { fd, start, end, mapped } of this.#areas.values()) {
      const refused = this.#refused.get(fd)
      if (refused === undefined || mapped.id > refused.id) continue
      const other = this.#others.get(fd)
      if (other !== undefined && start <= address && address < end) {
        this.#report(event, refused, other)
      }
    }
  }

  #report(event: CallEvent, refused: CallEvent, { what, origin, fd }: FdOpenEvent): void {
    const { id, name } = event
    const goesOn =
      name === SYNC
        ? `sends SYNC to ${what} again (event ${id})`
        : `uses a mapping of ${what} (${name}, event ${id})`
    this.#out.report({
      rule: 'sync-result-ignored',
      event,
      message: `${agentName(event.agent)} ${goesOn} although SYNC had reported at event ${refused.id} that descriptor ${fd} is not a dma-buf.`,
      because: {
        text: 'SYNC failed with ENOTTY: the descriptor was never checked before.',
        event: refused.id,
        origin: refused.origin,
      },
      origin: refused.origin ?? event.origin,
      related: [
        { label: `${what} was created here`, origin },
        { label: 'it continues here', origin: event.origin },
      ],
      hardware:
        'Memory that no device uses is safe. A descriptor from elsewhere may be any file, and fails at a place where the error cannot be handled.',
      fix: 'Check a descriptor when it is imported: `DmaBuf.adopt` and `DmaBuf.borrow` refuse a file that is not a dma-buf.',
    })
  }
}
