/**
 * The bounce copy of one mapping (swiotlb): separate lines, filled and emptied by the CPU through its
 * cache. The slot's previous contents are arbitrary.
 */
import { Home, type Window } from './home.ts'
import type { Lines } from './lines.ts'
import { type Cells, PER_LINE } from './program.ts'

/** The contents of a fresh slot: arbitrary. */
export const LEFTOVER = -2

export class BounceCopy {
  /** A slot begins with a line, wherever in a line the buffer begins. */
  readonly window: Window
  readonly #original: Window
  readonly #cells: number

  constructor(lines: Lines, original: Window, cells: number) {
    const leftover = Array.from({ length: PER_LINE }, () => LEFTOVER)
    this.window = { home: new Home(lines, cells, lines.absent(leftover)), shift: 0 }
    this.#original = original
    this.#cells = cells
  }

  copyOut(cells: Cells = { start: 0, end: this.#cells }): void {
    copy(this.#original, this.window, cells)
  }

  copyBack(cells: Cells = { start: 0, end: this.#cells }): void {
    copy(this.window, this.#original, cells)
  }

  forget(): void {
    for (const place of this.window.home.places) place.forget()
  }
}

/** Line by line: the lines move by themselves in between. */
function copy(from: Window, to: Window, cells: Cells): void {
  const pairs = new Map<string, number[]>()
  for (let cell = cells.start; cell < cells.end; cell++) {
    const key = `${lineOf(from, cell)} ${lineOf(to, cell)}`
    pairs.set(key, [...(pairs.get(key) ?? []), cell])
  }
  for (const together of pairs.values()) {
    const first = together[0] as number
    to.home.placeOf(first + to.shift).copyFrom(
      from.home.placeOf(first + from.shift),
      together.map((cell) => [(cell + from.shift) % PER_LINE, (cell + to.shift) % PER_LINE]),
    )
  }
}

function lineOf({ shift }: Window, cell: number): number {
  return Math.floor((cell + shift) / PER_LINE)
}
