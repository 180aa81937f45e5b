import { UndeliveredFds } from '../../check/model/undelivered-fds.ts'
import type { BufferId, DmabufEvent } from '../../events/event.ts'

/** A kind of resource: the event that makes it, the one that ends it, and its identity. */
interface Pair {
  readonly what: string
  readonly begins: DmabufEvent['kind']
  readonly ends: DmabufEvent['kind']
  readonly keyOf: (event: DmabufEvent) => string
}

const field =
  (...names: readonly string[]) =>
  (event: DmabufEvent): string =>
    names.map((name) => String((event as unknown as Record<string, unknown>)[name])).join(' ')

const PAIRS: readonly Pair[] = [
  { what: 'descriptor', begins: 'fd-open', ends: 'fd-close', keyOf: field('fd') },
  { what: 'mapping', begins: 'cpu-map', ends: 'cpu-unmap', keyOf: field('mapping', 'buffer') },
  { what: 'buffer', begins: 'export', ends: 'release', keyOf: field('buffer') },
  { what: 'memory', begins: 'memory', ends: 'release', keyOf: field('buffer') },
  { what: 'attachment', begins: 'attach', ends: 'detach', keyOf: field('attachment') },
  { what: 'DMA mapping', begins: 'dma-map', ends: 'dma-unmap', keyOf: field('mapping') },
]

/** One resource that is still held, with the event that made it. */
export interface Held {
  readonly what: string
  readonly made: DmabufEvent
}

/** Follows resources: descriptors, mappings, buffers, attachments. */
export class Holdings {
  readonly #held = new Map<string, Held>()
  readonly #undelivered = new UndeliveredFds()

  get all(): Held[] {
    return [...this.#held.values()]
  }

  /**
   * Resources that a program must have released at its end. A driver's own memory is the driver's
   * until it is removed; and a descriptor that the program never got goes with the process.
   */
  get ofProgram(): Held[] {
    const untold = this.all.filter(({ made }) => this.#isUntold(made))
    const buffers = new Set(untold.map(({ made }) => bufferOf(made)))
    return this.all.filter(({ made }) => {
      const buffer = bufferOf(made)
      if (made.kind === 'memory' || (made.kind === 'dma-map' && made.buffer < 0)) return false
      return !this.#isUntold(made) && (buffer === undefined || !buffers.has(buffer))
    })
  }

  #isUntold(made: DmabufEvent): boolean {
    return made.kind === 'fd-open' && this.#undelivered.has(made.fd)
  }

  observe(event: DmabufEvent): void {
    this.#undelivered.observe(event)
    for (const pair of PAIRS) {
      if (event.kind !== pair.begins && event.kind !== pair.ends) continue
      const key = `${pair.what} ${pair.keyOf(event)}`
      if (event.kind === pair.begins) this.#held.set(key, { what: pair.what, made: event })
      else this.#held.delete(key)
    }
  }
}

function bufferOf(event: DmabufEvent): BufferId | undefined {
  return 'buffer' in event ? event.buffer : undefined
}
