/**
 * Findings that count only once a device shares the buffer: as long as none does, memory that the CPU
 * alone uses needs no SYNC.
 */
import type { DmabufEvent } from '../../events/event.ts'
import type { Collector, Draft } from '../collector.ts'
import type { BufferHistory } from '../model/buffer-history.ts'
import type { History } from '../model/history.ts'
import type { Detector } from './detector.ts'

const MOST_WAITING = 64

export class Deferred implements Detector {
  readonly #history: History
  readonly #out: Collector
  readonly #waiting = new Map<number, Draft[]>()

  constructor(history: History, out: Collector) {
    this.#history = history
    this.#out = out
  }

  report(buffer: BufferHistory, draft: Draft): void {
    if (buffer.shared !== undefined) {
      this.#out.report(draft)
      return
    }
    let waiting = this.#waiting.get(buffer.id)
    if (waiting === undefined) {
      waiting = []
      this.#waiting.set(buffer.id, waiting)
    }
    if (waiting.length < MOST_WAITING) waiting.push(draft)
  }

  after(event: DmabufEvent): void {
    if (this.#waiting.size === 0 || !('buffer' in event) || event.buffer === undefined) return
    const waiting = this.#waiting.get(event.buffer)
    if (waiting === undefined || this.#history.buffer(event.buffer).shared === undefined) return
    this.#waiting.delete(event.buffer)
    for (const draft of waiting) this.#out.report(draft)
  }
}
