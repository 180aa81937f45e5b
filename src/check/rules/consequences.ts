import type { BufferId, MisuseCode, MisuseEvent } from '../../events/event.ts'

/** What the kernel's own code meets where a driver has confused the references to a buffer. */
const AFTER_RELEASE: ReadonlySet<MisuseCode> = new Set(['put-after-release', 'use-after-release'])

/** What drops or takes a reference that is not the driver's. */
const CONFUSES: ReadonlySet<MisuseCode> = new Set([...AFTER_RELEASE, 'early-publish'])

/** Tells misuse that follows from other misuse: one mistake is told once, where it was made. */
export class Consequences {
  /** Drivers and buffers that they were told off for not detaching. */
  readonly #attached = new Set<string>()
  /** Of those, the ones whose buffer was gone already. */
  readonly #attachedAtRelease = new Set<string>()
  /** Those with a use of the buffer, such as one more reference, when it was gone. */
  readonly #usedLate = new Set<string>()
  /** Buffers whose references drivers have confused. */
  readonly #confused = new Set<BufferId>()

  /** Whether `event` is one; the events come in their order, each once. */
  has(event: MisuseEvent): boolean {
    const { code, driver, buffer } = event
    if (buffer === undefined) return false
    if (driver.modelled) return AFTER_RELEASE.has(code) && this.#confused.has(buffer)
    if (CONFUSES.has(code)) this.#confused.add(buffer)
    const key = `${driver.name} ${buffer}`
    switch (code) {
      case 'attachment-leak':
        return this.#leftAttached(event, key)
      case 'reference-leak':
        // Who never detaches a buffer keeps its reference too.
        return this.#attached.has(key)
      case 'use-after-release':
        this.#usedLate.add(key)
        return false
      case 'put-after-release':
        // Who takes a reference to what is gone drops it later.
        return this.#usedLate.has(key)
      default:
        return false
    }
  }

  /** What is still attached when the buffer goes is so, too, when the driver goes. */
  #leftAttached({ operation }: MisuseEvent, key: string): boolean {
    this.#attached.add(key)
    if (operation !== 'dma_buf_release') return this.#attachedAtRelease.has(key)
    this.#attachedAtRelease.add(key)
    return false
  }
}
