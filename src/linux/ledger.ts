import type { EventOrigin } from '../events/event.ts'
import { formatOrigin } from '../tap/format-origin.ts'

/** A resource that the program has to release, and the call that made it. */
interface Held {
  /** As a sentence names it: `fd 23`, `mapping of 4096 bytes`. */
  readonly what: string
  /** The call, as `open '/dev/udmabuf'`. */
  readonly made: string
  readonly origin: EventOrigin | undefined
}

/** The descriptors and mappings that a program has open, with the lines that made them. */
export class Ledger {
  readonly #fds = new Map<number, Held>()
  readonly #mappings = new Map<number, Held>()

  /** `made` is the call, as `DMA_HEAP_IOCTL_ALLOC`. */
  fdMade(fd: number, made: string, origin: EventOrigin | undefined): void {
    this.#fds.set(fd, { what: `fd ${fd}`, made, origin })
  }

  /** The program closed `fd`, or handed it over to an owner that will. */
  fdGone(fd: number): void {
    this.#fds.delete(fd)
  }

  mapped(address: number, length: number, origin: EventOrigin | undefined): void {
    this.#mappings.set(address, { what: `mapping of ${length} bytes`, made: 'mmap', origin })
  }

  /** The mapping that began at `address` has no page left, or begins elsewhere. */
  unmapped(address: number): void {
    this.#mappings.delete(address)
  }

  /** The open descriptors. */
  get fds(): number[] {
    return [...this.#fds.keys()]
  }

  /** The number of mappings. */
  get mappingCount(): number {
    return this.#mappings.size
  }

  /** One line for each place in the program that made a descriptor that is still open, or a mapping. */
  report(isOpen: (fd: number) => boolean): string[] {
    const fds = [...this.#fds].filter(([fd]) => isOpen(fd)).map(([, held]) => held)
    const groups = new Map<string, Held[]>()
    for (const held of [...fds, ...this.#mappings.values()]) {
      const key = `${held.made} ${placeOf(held.origin)}`
      groups.set(key, [...(groups.get(key) ?? []), held])
    }
    return [...groups.values()].map(line)
  }
}

function placeOf(origin: EventOrigin | undefined): string {
  const site = formatOrigin(origin)
  return site === undefined ? '' : `, at ${site.file}:${site.line}:${site.column}`
}

function line(group: readonly Held[]): string {
  const [first, ...more] = group as readonly [Held, ...Held[]]
  const others = more.length === 0 ? '' : ` and ${more.length} more`
  return `${first.what}${others}, created by ${first.made}${placeOf(first.origin)}`
}
