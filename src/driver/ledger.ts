import type { EventOrigin } from '../events/event.ts'
import type { KernelMemory } from '../kernel/dma/kernel-memory.ts'
import type { DmaMapping } from '../kernel/dma/mapping.ts'
import type { Attachment } from '../kernel/dmabuf/attachment.ts'
import type { DmaBuf } from '../kernel/dmabuf/dma-buf.ts'

/** References of one driver to one buffer. */
export interface Held {
  count: number
  /** Where the newest was taken. */
  origin: EventOrigin | undefined
}

/** A mapping that the driver made: for an attachment, in an operation of an exporter. */
export interface Made {
  readonly attachment: Attachment | undefined
  readonly origin: EventOrigin | undefined
}

/**
 * A driver's resources, with the lines that took them: those that are left at its removal are
 * leaks.
 */
export class Ledger {
  readonly #references = new Map<DmaBuf, Held>()
  readonly #attachments = new Map<Attachment, EventOrigin | undefined>()
  readonly #mappings = new Map<DmaMapping, Made>()
  readonly #memory = new Map<KernelMemory, EventOrigin | undefined>()

  /** References that the driver holds. */
  references(buffer: DmaBuf): number {
    return this.#references.get(buffer)?.count ?? 0
  }

  take(buffer: DmaBuf, origin: EventOrigin | undefined): void {
    const held = this.#references.get(buffer)
    if (held === undefined) {
      this.#references.set(buffer, { count: 1, origin })
      return
    }
    held.count++
    held.origin = origin
  }

  /** Returns whether there was one to drop. */
  drop(buffer: DmaBuf): boolean {
    const held = this.#references.get(buffer)
    if (held === undefined) return false
    held.count--
    if (held.count === 0) this.#references.delete(buffer)
    return true
  }

  attached(attachment: Attachment, origin: EventOrigin | undefined): void {
    this.#attachments.set(attachment, origin)
  }

  detached(attachment: Attachment): void {
    this.#attachments.delete(attachment)
  }

  mapped(
    mapping: DmaMapping,
    origin: EventOrigin | undefined,
    attachment: Attachment | undefined,
  ): void {
    this.#mappings.set(mapping, { attachment, origin })
  }

  unmapped(mapping: DmaMapping): void {
    this.#mappings.delete(mapping)
  }

  allocated(memory: KernelMemory, origin: EventOrigin | undefined): void {
    this.#memory.set(memory, origin)
  }

  /** Returns whether it was the driver's. */
  freed(memory: KernelMemory): boolean {
    return this.#memory.delete(memory)
  }

  /** Attachments that were not detached, newest first. */
  get leftAttachments(): [Attachment, EventOrigin | undefined][] {
    return [...this.#attachments].filter(([{ detached }]) => !detached).reverse()
  }

  /** References that were not dropped, newest first. */
  get leftReferences(): [DmaBuf, Held][] {
    return [...this.#references].reverse()
  }

  /** Mappings that were not unmapped, newest first. */
  get leftMappings(): [DmaMapping, Made][] {
    return [...this.#mappings].filter(([{ live }]) => live).reverse()
  }

  /** Memory that was not freed, newest first. */
  get leftMemory(): [KernelMemory, EventOrigin | undefined][] {
    return [...this.#memory].reverse()
  }
}
