/**
 * One cache line as hardware keeps it: whether it is cached, whether it is dirty, the values in memory
 * and the values in the cache; and all its possible successors.
 *
 * Equal lines are one object, so sets of lines are distinguished by their numbers.
 */
export interface Line {
  readonly id: number
  readonly cached: boolean
  readonly dirty: boolean
  readonly memory: readonly number[]
  /** Of a line that is not cached: nothing. */
  readonly cache: readonly number[]
}

/** The cells of a line that a store changes, and their new values. */
export type Values = ReadonlyMap<number, number>

/** A step of the hardware: all lines that a line may become in it. */
export type Change = (line: Line) => readonly Line[]

/**
 * When lines move by themselves: `at a touch`, just before an agent touches or reads them, which is
 * equivalent to `at once` and makes fewer sets; `never` on a coherent board, where it has no effect.
 */
export type Moves = 'never' | 'at a touch' | 'at once'

export class Lines {
  readonly moves: Moves
  readonly #known = new Map<string, Line>()
  readonly #reachable = new Map<Line, readonly Line[]>()

  constructor(moves: Moves) {
    this.moves = moves
  }

  absent(memory: readonly number[]): Line {
    const key = `${memory}`
    return (
      this.#known.get(key) ?? this.#add(key, { cached: false, dirty: false, memory, cache: [] })
    )
  }

  present(memory: readonly number[], cache: readonly number[], dirty: boolean): Line {
    const key = `${memory}${dirty ? '!' : '/'}${cache}`
    return this.#known.get(key) ?? this.#add(key, { cached: true, dirty, memory, cache })
  }

  #add(key: string, line: Omit<Line, 'id'>): Line {
    const added = { ...line, id: this.#known.size }
    this.#known.set(key, added)
    return added
  }

  /** All that the hardware may turn the line into by itself, the line among them. */
  reachable(line: Line): readonly Line[] {
    const known = this.#reachable.get(line)
    if (known !== undefined) return known
    const found = new Set([line])
    if (this.moves !== 'never') for (const one of found) found.add(this.#moved(one))
    const all = [...found]
    this.#reachable.set(line, all)
    return all
  }

  /** Absent lines are filled, dirty ones written back, clean ones dropped. */
  #moved(line: Line): Line {
    if (!line.cached) return this.filled(line)
    return line.dirty ? this.writtenBack(line) : this.gone(line)
  }

  filled(line: Line): Line {
    return line.cached ? line : this.present(line.memory, line.memory, false)
  }

  writtenBack(line: Line): Line {
    return line.dirty ? this.present(line.cache, line.cache, false) : line
  }

  gone(line: Line): Line {
    return this.absent(line.memory)
  }

  storedInCache(line: Line, values: Values): Line {
    const { memory, cache } = this.filled(line)
    return this.present(memory, withValues(cache, values), true)
  }

  storedInMemory(line: Line, values: Values): Line {
    const memory = withValues(line.memory, values)
    return line.cached ? this.present(memory, line.cache, line.dirty) : this.absent(memory)
  }

  /** A snooping store may end in memory, in the cache, or in both. */
  snooped(line: Line, values: Values): Line[] {
    const outcomes = [
      this.storedInMemory(this.gone(this.writtenBack(line)), values),
      this.storedInCache(line, values),
    ]
    if (line.cached && !line.dirty) {
      const memory = withValues(line.memory, values)
      outcomes.push(this.present(memory, withValues(line.cache, values), false))
    }
    return outcomes
  }
}

/** The value that a snooping access finds. */
export function throughCache(line: Line): readonly number[] {
  return line.cached ? line.cache : line.memory
}

function withValues(old: readonly number[], values: Values): number[] {
  return old.map((value, at) => values.get(at) ?? value)
}
