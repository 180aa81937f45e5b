/** Stretches of memory as lines, and the parts that a buffer or a mapping sees. */
import type { Line, Lines } from './lines.ts'
import { throughCache } from './lines.ts'
import { type Cells, PER_LINE } from './program.ts'
import { LinePlace } from './worlds.ts'

/** A page, or the bounce copy of one mapping. */
export class Home {
  readonly places: readonly LinePlace[]

  /** As many lines as `cells` cells need. */
  constructor(lines: Lines, cells: number, initial: Line) {
    const count = Math.ceil(cells / PER_LINE)
    this.places = Array.from({ length: count }, () => new LinePlace(lines, initial))
  }

  placeOf(cell: number): LinePlace {
    return this.places[Math.floor(cell / PER_LINE)] as LinePlace
  }

  /** Visits the lines that the cells touch; `at` are the touched places in each. */
  eachLine({ start, end }: Cells, visit: (place: LinePlace, at: readonly number[]) => void): void {
    for (const [i, place] of this.places.entries()) {
      const at = Array.from({ length: PER_LINE }, (_, k) => k).filter((k) => {
        const cell = i * PER_LINE + k
        return cell >= start && cell < end
      })
      if (at.length > 0) visit(place, at)
    }
  }

  valuesOf(cell: number, looksIntoCache: boolean): Set<number> {
    const at = cell % PER_LINE
    return this.placeOf(cell).valuesOf(
      (line) => (looksIntoCache ? throughCache(line) : line.memory)[at] as number,
    )
  }
}

/** Cells of a buffer in a home: cell `c` lies at `c + shift`. */
export interface Window {
  readonly home: Home
  readonly shift: number
}

export function inHome({ shift }: Window, { start, end }: Cells): Cells {
  return { start: start + shift, end: end + shift }
}
