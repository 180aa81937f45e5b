import type { Attachment } from './attachment.ts'

/**
 * A buffer's attachments, newest first, as the kernel pushes them to the head of its list. Adding and
 * taking out cost the same however many there are.
 */
export class AttachmentList implements Iterable<Attachment> {
  readonly #oldestFirst = new Set<Attachment>()

  get length(): number {
    return this.#oldestFirst.size
  }

  add(attachment: Attachment): void {
    this.#oldestFirst.add(attachment)
  }

  delete(attachment: Attachment): boolean {
    return this.#oldestFirst.delete(attachment)
  }

  has(attachment: Attachment): boolean {
    return this.#oldestFirst.has(attachment)
  }

  /** Those that there are now, however the list changes meanwhile. */
  [Symbol.iterator](): Iterator<Attachment> {
    const all = [...this.#oldestFirst].reverse()
    return all[Symbol.iterator]()
  }
}
