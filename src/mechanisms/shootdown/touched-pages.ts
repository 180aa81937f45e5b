import { PAGE_SIZE, type Range } from '../../driver/index.ts'

/** The pages of a buffer that the CPU has touched since they were last written back. */
export class TouchedPages {
  readonly #pages = new Set<number>()

  add({ start, end }: Range): void {
    for (let page = start / PAGE_SIZE; page < end / PAGE_SIZE; page++) this.#pages.add(page)
  }

  /** The touched bytes in order, joined where they meet. They are touched no longer. */
  take(): Range[] {
    const ranges: { start: number; end: number }[] = []
    for (const page of [...this.#pages].sort((a, b) => a - b)) {
      const last = ranges.at(-1)
      const start = page * PAGE_SIZE
      if (last?.end === start) last.end += PAGE_SIZE
      else ranges.push({ start, end: start + PAGE_SIZE })
    }
    this.#pages.clear()
    return ranges
  }
}
