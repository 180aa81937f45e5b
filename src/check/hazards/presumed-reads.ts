/**
 * Arrays of a mapping that were taken outside any CPU access, and showed old bytes then. Taking one is not
 * reading it: a program may keep it as C keeps a pointer, and begin a CPU access around each use, which
 * brings the bytes. Where it never begins one while the array lives, it can only have read the old ones.
 */
import type { BufferId, CpuViewEvent, DmabufEvent } from '../../events/event.ts'
import type { Draft } from '../collector.ts'

interface Presumed {
  readonly view: CpuViewEvent
  /** The view's buffer, and the one that the device knows, where that is another. */
  readonly buffers: readonly BufferId[]
  /** `ended` is the event that ends the array. */
  readonly draft: (ended: DmabufEvent) => Draft
}

const MOST_WAITING = 256

export class PresumedReads {
  #waiting: Presumed[] = []

  /** An array that is taken again is presumed once. */
  add(presumed: Presumed): void {
    const { buffer, mapping, range } = presumed.view
    const isKnown = this.#waiting.some(
      ({ view }) =>
        view.buffer === buffer &&
        view.mapping === mapping &&
        view.range.start === range.start &&
        view.range.end === range.end,
    )
    if (isKnown) return
    this.#waiting.push(presumed)
    if (this.#waiting.length > MOST_WAITING) this.#waiting.shift()
  }

  /** The presumed reads that `event` confirms, oldest first. */
  endedBy(event: DmabufEvent): Draft[] {
    if (this.#waiting.length === 0) return []
    if (event.kind === 'cpu-access-begin') {
      if (event.result >= 0) this.#take(({ buffers }) => buffers.includes(event.buffer))
      return []
    }
    if (event.kind !== 'cpu-unmap' && event.kind !== 'program-end') return []
    const isOver = ({ view }: Presumed): boolean =>
      event.kind === 'program-end' ||
      (view.buffer === event.buffer && view.mapping === event.mapping)
    return this.#take(isOver).map(({ draft }) => draft(event))
  }

  #take(test: (presumed: Presumed) => boolean): Presumed[] {
    const taken = this.#waiting.filter(test)
    if (taken.length > 0) this.#waiting = this.#waiting.filter((one) => !test(one))
    return taken
  }
}
