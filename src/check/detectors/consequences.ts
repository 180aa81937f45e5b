import type { BufferId, DriverName, MisuseEvent } from '../../events/event.ts'
import type { MisuseCode } from '../../events/misuse-code.ts'

/**
 * Misuse that the kernel's own code runs into after a driver has confused the references to a
 * buffer.
 */
export const AFTER_RELEASE: ReadonlySet<MisuseCode> = new Set([
  'put-after-release',
  'use-after-release',
])

/** Misuse that drops or takes a reference of another owner. */
const CONFUSES: ReadonlySet<MisuseCode> = new Set([...AFTER_RELEASE, 'early-publish'])

/** Resources that a call which never returns still holds when the run ends. */
const HELD: ReadonlySet<MisuseCode> = new Set([
  'attachment-leak',
  'attachment-mapping-leak',
  'mapping-leak',
  'reference-leak',
  'vmap-leak',
])

/**
 * Recognises misuse that follows from other misuse: one mistake is reported once, where it was
 * made.
 */
export class Consequences {
  /** Drivers and buffers that were reported for a missing detach. */
  readonly #attached = new Set<string>()
  /** Of those, the ones whose buffer was gone already. */
  readonly #attachedAtRelease = new Set<string>()
  /** Those with a use of the buffer, such as one more reference, when it was gone. */
  readonly #usedLate = new Set<string>()
  /** Buffers whose references drivers have confused. */
  readonly #confused = new Set<BufferId>()
  /** Drivers and buffers whose map_dma_buf was broken off: its mappings stay behind. */
  readonly #brokenOff = new Set<string>()
  /** Buffers of which an operation never returned: neither did its caller. */
  readonly #pending = new Set<BufferId>()
  /** Mappings that were reported as left behind. */
  readonly #left = new Set<number>()
  /** Mappings whose importer gave the wrong direction, which their exporter may pass on. */
  readonly #misdirected = new Set<number>()

  /** Whether `event` is one; the events come in their order, each once. */
  has(event: MisuseEvent): boolean {
    const { code, driver, buffer } = event
    if (buffer === undefined) return false
    if (this.#isPassedOn(event)) return true
    if (driver.modelled) return AFTER_RELEASE.has(code) && this.#confused.has(buffer)
    if (CONFUSES.has(code)) this.#confused.add(buffer)
    if (code === 'operation-pending') this.#pending.add(buffer)
    if (HELD.has(code) && this.#pending.has(buffer)) return true
    const key = `${driver.name} ${buffer}`
    switch (code) {
      case 'attachment-leak':
        return this.#leftAttached(event, key)
      case 'reference-leak':
        // Who never detaches a buffer keeps its reference too.
        return this.#attached.has(key)
      case 'operation-threw':
      case 'operation-returned':
        if (event.operation === 'map_dma_buf') this.#brokenOff.add(key)
        return false
      case 'attachment-mapping-leak':
      case 'mapping-leak':
        return this.#brokenOff.has(key) || this.#isLeft(event)
      case 'use-after-release':
        this.#usedLate.add(key)
        if (buffer < 0) this.#usedLate.add(memoryOf(driver))
        return false
      case 'put-after-release':
        // A driver that takes a reference to a released object drops it later; a driver that uses
        // memory after its free frees it again at the right place.
        return this.#usedLate.has(key) || (buffer < 0 && this.#usedLate.has(memoryOf(driver)))
      default:
        return false
    }
  }

  #isPassedOn({ code, mapping }: MisuseEvent): boolean {
    if (mapping === undefined) return false
    if (code === 'attachment-unmap-direction') this.#misdirected.add(mapping)
    return code === 'unmap-direction' && this.#misdirected.has(mapping)
  }

  #isLeft({ mapping }: MisuseEvent): boolean {
    if (mapping === undefined) return false
    if (this.#left.has(mapping)) return true
    this.#left.add(mapping)
    return false
  }

  /**
   * An attachment that is left when the buffer is released is also left when the driver is removed.
   */
  #leftAttached({ operation }: MisuseEvent, key: string): boolean {
    this.#attached.add(key)
    if (operation !== 'dma_buf_release') return this.#attachedAtRelease.has(key)
    this.#attachedAtRelease.add(key)
    return false
  }
}

/** Stands for all memory that a driver has allocated. */
function memoryOf({ name }: DriverName): string {
  return `${name} memory`
}
