import { PAGE_SIZE } from '../../abi/fcntl.ts'
import type { Range } from '../../events/event.ts'

/** Pages of a mapping that have an entry in the page table. Ranges are in bytes and grow to whole pages. */
export class PresentPages {
  /** Disjoint, sorted, and no two touch. */
  #ranges: Range[] = []

  /** The parts of `[start, end)` without an entry, in whole pages. */
  missing(start: number, end: number): Range[] {
    const wanted = wholePages(start, end)
    const parts: Range[] = []
    let from = wanted.start
    for (const present of this.#ranges) {
      if (present.end <= from) continue
      if (present.start >= wanted.end) break
      if (present.start > from) parts.push({ start: from, end: present.start })
      from = present.end
    }
    if (from < wanted.end) parts.push({ start: from, end: wanted.end })
    return parts
  }

  add(range: Range): void {
    const { start, end } = wholePages(range.start, range.end)
    if (start >= end) return
    const before = this.#ranges.filter((one) => one.end < start)
    const after = this.#ranges.filter((one) => one.start > end)
    const met = this.#ranges.filter((one) => one.end >= start && one.start <= end)
    const joined = {
      start: Math.min(start, ...met.map((one) => one.start)),
      end: Math.max(end, ...met.map((one) => one.end)),
    }
    this.#ranges = [...before, joined, ...after]
  }

  /** Takes the entries of `[start, end)` out; returns the parts that had one. */
  remove(start: number, end: number): Range[] {
    const { start: from, end: to } = wholePages(start, end)
    const taken: Range[] = []
    this.#ranges = this.#ranges.flatMap((one) => {
      const cut = { start: Math.max(one.start, from), end: Math.min(one.end, to) }
      if (cut.start >= cut.end) return [one]
      taken.push(cut)
      return [
        { start: one.start, end: cut.start },
        { start: cut.end, end: one.end },
      ].filter((part) => part.start < part.end)
    })
    return taken
  }
}

/** The pages that `[start, end)` touches. */
function wholePages(start: number, end: number): Range {
  return {
    start: Math.floor(start / PAGE_SIZE) * PAGE_SIZE,
    end: Math.ceil(end / PAGE_SIZE) * PAGE_SIZE,
  }
}
