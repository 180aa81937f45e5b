/**
 * A reservation object as the rules are written down: a list, looked through from its start each
 * time. It knows fences by numbers, and the test marks the signalled ones.
 */

export interface Entry {
  readonly context: number
  readonly seqno: number
  /** 0: kernel, 1: write, 2: read, 3: bookkeep. */
  readonly usage: number
}

/** Slots that an allocation for so many really has: 24 bytes before them, 8 for each, by size class. */
export function slotsFor(count: number): number {
  for (const size of [32, 64, 96, 128, 192, 256, 512, 1024]) {
    if (24 + 8 * count <= size) return (size - 24) / 8
  }
  throw new Error('more than the tests need')
}

export class NaiveReservation {
  entries: Entry[] = []
  slots = 0
  readonly #isSignaled: (entry: Entry) => boolean

  constructor(isSignaled: (entry: Entry) => boolean) {
    this.#isSignaled = isSignaled
  }

  reserve(count: number): void {
    const free = this.slots - this.entries.length
    if (free >= count) return
    let wanted = 4
    if (this.slots === 0) while (wanted < count) wanted *= 2
    else wanted = Math.max(this.entries.length + count, 2 * this.slots)
    this.slots = slotsFor(wanted)
    const kept: Entry[] = []
    for (const entry of this.entries) if (!this.#isSignaled(entry)) kept.push(entry)
    this.entries = kept
  }

  add(fence: Entry): void {
    for (let i = 0; i < this.entries.length; i++) {
      const old = this.entries[i] as Entry
      const sameContext = old.context === fence.context
      const later = fence.seqno >= old.seqno
      const bindsNoMore = old.usage >= fence.usage
      if ((sameContext && bindsNoMore && later) || this.#isSignaled(old)) {
        this.entries[i] = fence
        return
      }
    }
    this.entries.push(fence)
  }

  replace(context: number, fence: Entry): void {
    for (let i = 0; i < this.entries.length; i++) {
      if (this.entries[i]?.context === context) this.entries[i] = fence
    }
  }

  query(usage: number): Entry[] {
    const found: Entry[] = []
    for (const entry of this.entries) if (entry.usage <= usage) found.push(entry)
    return found
  }
}
