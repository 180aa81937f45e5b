/**
 * The pictures that the display holds: each from the call that requests it until the next one has
 * replaced it.
 */

import type { Range } from '../../events/event.ts'
import type { DmaLayer } from '../../kernel/dma/dma-layer.ts'
import type { GemObject } from '../../kernel/drm/gem-object.ts'
import type { Machine } from '../../machine/machine.ts'
import { DISPLAY_NAME } from './scanout-memory.ts'
import { rangeOf, type View, visiblePlanes } from './view.ts'

export class HeldPictures {
  readonly #machine: Machine
  readonly #dma: DmaLayer
  readonly #numbers = new Map<View, number>()
  #pictures = 0

  constructor(machine: Machine, dma: DmaLayer) {
    this.#machine = machine
    this.#dma = dma
  }

  /** The display gets the picture, and does not hold it yet: stores so far count as earlier. */
  take(view: View): void {
    this.#numbers.set(view, this.#pictures++)
    this.#emit('scanout-take', view)
  }

  /** The display has released it: stores from now on count as later. */
  put(view: View): void {
    this.#machine.as({ kind: 'device', name: DISPLAY_NAME }, () =>
      this.#emit('scanout-release', view),
    )
    this.#numbers.delete(view)
  }

  #emit(kind: 'scanout-take' | 'scanout-release', view: View): void {
    const picture = this.#numbers.get(view) ?? 0
    for (const [{ mapping }, range] of rangesOf(view)) {
      if (mapping === undefined) continue
      this.#dma.reconcile(mapping, range.start, range.end)
      this.#machine.events.emit({
        kind,
        device: DISPLAY_NAME,
        picture,
        buffer: mapping.buffer,
        range: mapping.inBuffer(range),
      })
    }
  }
}

/** The visible bytes of each buffer, from the first to the last. */
function rangesOf(view: View): Map<GemObject, Range> {
  const ranges = new Map<GemObject, Range>()
  for (const plane of visiblePlanes(view)) {
    const { start, end } = rangeOf(plane)
    const known = ranges.get(plane.object) ?? { start, end }
    ranges.set(plane.object, {
      start: Math.min(known.start, start),
      end: Math.max(known.end, end),
    })
  }
  return ranges
}
