/**
 * The naive machine for bytes with several homes: lines with their bytes, explicit copies, and every
 * legal choice of the hardware in every line at once. A state is the whole machine; nothing is judged
 * line by line or byte by byte. Beside it runs the coherent machine without copies, which is an array.
 */
export const LINE = 4
/** Lines of each storage: the original first, then the copies. */
export const STORAGES: readonly number[] = [1, 2]
export const SIZE: number = LINE

interface Line {
  cached: boolean
  dirty: boolean
  memory: number[]
  cache: number[]
}
/** The lines of all storages, one after another. */
type Lines = readonly Line[]

export interface Place {
  readonly storage: number
  readonly at: number
}

const gone = (line: Line): Line => ({ ...line, cached: false, dirty: false, cache: [] })
const filled = (line: Line): Line =>
  line.cached ? line : { ...line, cached: true, cache: [...line.memory] }
const writtenBack = (line: Line): Line =>
  line.dirty ? { ...line, dirty: false, memory: [...line.cache] } : line
const freely = (line: Line): Line => {
  if (!line.cached) return filled(line)
  return line.dirty ? writtenBack(line) : gone(line)
}

export class NaiveHomes {
  #states: Map<string, Lines>

  /** Lines that were never cached; every byte of memory holds `value` of its place. */
  constructor(value: (place: Place) => number) {
    const lines = STORAGES.flatMap((count, storage) =>
      Array.from({ length: count }, (_, line) => ({
        cached: false,
        dirty: false,
        memory: Array.from({ length: LINE }, (__, i) => value({ storage, at: line * LINE + i })),
        cache: [],
      })),
    )
    this.#states = new Map()
    this.#become([lines])
  }

  get count(): number {
    return this.#states.size
  }

  /** All that a read of the byte may return. */
  values({ storage, at }: Place, through: 'cache' | 'memory'): Set<number> {
    const values = [...this.#states.values()].map((lines) => {
      const line = lines[indexOf(storage, at)] as Line
      const from = through === 'cache' && line.cached ? line.cache : line.memory
      return from[at % LINE] as number
    })
    return new Set(values)
  }

  load(storage: number, start: number, end: number): void {
    this.#each(storage, start, end, () => filled)
  }

  storeInCache(storage: number, start: number, end: number, value: (at: number) => number): void {
    this.#each(storage, start, end, (places) => (line) => storedInCache(line, places, value))
  }

  storeBehind(storage: number, start: number, end: number, value: (at: number) => number): void {
    this.#each(storage, start, end, (places) => (line) => {
      const memory = [...line.memory]
      for (const at of places) memory[at % LINE] = value(at)
      return { ...line, memory }
    })
  }

  clean(storage: number, start: number, end: number): void {
    this.#each(storage, start, end, () => writtenBack)
  }

  invalidate(storage: number, start: number, end: number): void {
    this.#each(
      storage,
      start,
      end,
      (places) => (line) => gone(places.length === LINE ? line : writtenBack(line)),
    )
  }

  /** The CPU loads the source and stores the result. */
  copy(from: Place, length: number, to: Place): void {
    this.load(from.storage, from.at, from.at + length)
    const next = [...this.#states.values()].map((lines) => {
      // Under way a loaded line may leave again, clean; the loaded bytes do not change by that.
      const got = Array.from({ length }, (_, i) => {
        const line = lines[indexOf(from.storage, from.at + i)] as Line
        return (line.cached ? line.cache : line.memory)[(from.at + i) % LINE] as number
      })
      const value = (at: number): number => got[at - to.at] as number
      return onLines(
        lines,
        to.storage,
        to.at,
        to.at + length,
        (places) => (line) => storedInCache(line, places, value),
      )
    })
    this.#become(next)
  }

  #each(
    storage: number,
    start: number,
    end: number,
    change: (places: readonly number[]) => (line: Line) => Line,
  ): void {
    this.#become(
      [...this.#states.values()].map((lines) => onLines(lines, storage, start, end, change)),
    )
  }

  /** These machines, and all that their hardware may turn them into by itself. */
  #become(machines: readonly Lines[]): void {
    this.#states = new Map(machines.map((lines) => [JSON.stringify(lines), lines]))
    const open = [...this.#states.values()]
    for (let lines = open.pop(); lines !== undefined; lines = open.pop()) {
      for (let i = 0; i < lines.length; i++) {
        const next = lines.with(i, freely(lines[i] as Line))
        const key = JSON.stringify(next)
        if (this.#states.has(key)) continue
        this.#states.set(key, next)
        open.push(next)
      }
    }
  }
}

function storedInCache(line: Line, places: readonly number[], value: (at: number) => number): Line {
  const present = filled(line)
  const cache = [...present.cache]
  for (const at of places) cache[at % LINE] = value(at)
  return { ...present, dirty: true, cache }
}

function indexOf(storage: number, at: number): number {
  const before = STORAGES.slice(0, storage).reduce((sum, count) => sum + count, 0)
  return before + Math.floor(at / LINE)
}

function onLines(
  lines: Lines,
  storage: number,
  start: number,
  end: number,
  change: (places: readonly number[]) => (line: Line) => Line,
): Lines {
  const first = indexOf(storage, 0)
  return lines.map((line, i) => {
    const places = Array.from({ length: LINE }, (_, k) => (i - first) * LINE + k).filter(
      (at) => at >= start && at < end,
    )
    const isHere = i >= first && i < first + (STORAGES[storage] as number)
    return isHere && places.length > 0 ? change(places)(line) : line
  })
}
