/** The buffers of a program on their pages, and beside them the coherent machine: an array a page. */
import { Home, inHome, type Window } from './home.ts'
import type { Change, Lines, Values } from './lines.ts'
import {
  type BufferSpec,
  type Cells,
  cellsOf,
  GARBAGE,
  overlap,
  PER_LINE,
  type Program,
} from './program.ts'
import type { Reach } from './reach.ts'

const ZERO = 0

/** One read of one cell: the value of a coherent machine, and all values that legal hardware may return. */
export interface CellRead {
  readonly step: number
  readonly buffer: number
  readonly cell: number
  readonly right: number
  readonly possible: ReadonlySet<number>
}

interface StoredCells extends Cells {
  readonly store: number
}

interface Page {
  readonly home: Home
  readonly right: number[]
  /** Cells that an access which perhaps faulted may have stored. */
  readonly disputed: Set<number>
  /** Every store that there was, with where it went. */
  readonly stores: StoredCells[]
}

/** How an access gets at the bytes. */
export interface Through {
  readonly window: Window
  readonly looksIntoCache: boolean
}

export class NaiveBuffer {
  readonly index: number
  readonly spec: BufferSpec
  /** Where the CPU sees it. */
  readonly window: Window
  readonly #page: Page

  constructor(index: number, spec: BufferSpec, page: Page) {
    this.index = index
    this.spec = spec
    this.window = { home: page.home, shift: spec.start }
    this.#page = page
  }

  read(step: number, cells: Cells, { window, looksIntoCache }: Through): CellRead[] {
    return range(cells).map((cell) => ({
      step,
      buffer: this.index,
      cell,
      right: this.#page.right[this.spec.start + cell] as number,
      possible: window.home.valuesOf(cell + window.shift, looksIntoCache),
    }))
  }

  /** The cells of the buffer that lie in the same lines as these. */
  wholeLines({ start, end }: Cells): Cells {
    const shift = this.spec.start
    const first = Math.floor((start + shift) / PER_LINE) * PER_LINE - shift
    const last = Math.ceil((end + shift) / PER_LINE) * PER_LINE - shift
    return { start: Math.max(0, first), end: Math.min(cellsOf(this.spec), last) }
  }

  /** The stores that ever went to some of the cells. */
  storedIn(cells: Cells): number[] {
    const here = inHome(this.window, cells)
    return this.#page.stores
      .filter((stored) => overlap(stored, here) !== undefined)
      .map(({ store }) => store)
  }

  isDisputed(cells: Cells): boolean {
    return range(cells).some((cell) => this.#page.disputed.has(this.spec.start + cell))
  }

  write(
    value: number,
    cells: Cells,
    window: Window,
    store: (values: Values) => Change,
    reach: Reach = 'there',
  ): void {
    this.#page.stores.push({ store: value, ...inHome(this.window, cells) })
    for (const cell of range(cells)) {
      const at = this.spec.start + cell
      this.#page.right[at] = value
      if (reach === 'perhaps') this.#page.disputed.add(at)
      else this.#page.disputed.delete(at)
    }
    window.home.eachLine(inHome(window, cells), (place, at) => {
      const change = store(new Map(at.map((k) => [k, value])))
      place.change((line) => (reach === 'perhaps' ? [line, ...change(line)] : change(line)))
    })
  }
}

/** Fresh pages are dirty zeros over the previous content of memory. */
export function buffersOf({ buffers }: Program, lines: Lines): NaiveBuffer[] {
  const zeros = Array.from({ length: PER_LINE }, () => ZERO)
  const garbage = Array.from({ length: PER_LINE }, () => GARBAGE)
  const pages = new Map<number, Page>()
  for (const { page } of buffers) {
    const cells = Math.max(...buffers.filter((b) => b.page === page).map(({ end }) => end))
    const home = new Home(lines, cells, lines.present(garbage, zeros, true))
    pages.set(page, {
      home,
      right: Array.from({ length: cells }, () => ZERO),
      disputed: new Set(),
      stores: [],
    })
  }
  return buffers.map((spec, index) => new NaiveBuffer(index, spec, pages.get(spec.page) as Page))
}

function range({ start, end }: Cells): number[] {
  return Array.from({ length: end - start }, (_, i) => start + i)
}
