/**
 * All states that a few lines may be in together.
 *
 * Lines that were never copied into each other are independent and are kept apart. A copy
 * joins them: which of two homes holds the newer bytes is then one question about both.
 *
 * A line moves by itself only just before an agent touches or reads it. Earlier or later makes no
 * difference: a line's own moves depend on no other line, and no agent looks in between.
 */
import { type Change, type Line, type Lines, throughCache, type Values } from './lines.ts'

/** One line of memory; its state is in the worlds that it belongs to. */
export class LinePlace {
  worlds: Worlds

  constructor(lines: Lines, initial: Line) {
    this.worlds = new Worlds(lines, [this], [[initial]])
  }

  get #index(): number {
    return this.worlds.places.indexOf(this)
  }

  change(change: Change): void {
    const { lines } = this.worlds
    const index = this.#index
    this.worlds.step((world) =>
      lines
        .reachable(world[index] as Line)
        .flatMap((line) => change(line))
        .map((line) => world.with(index, line)),
    )
  }

  valuesOf(read: (line: Line) => number): Set<number> {
    const { lines } = this.worlds
    const index = this.#index
    const possible = new Set(this.worlds.all.map((world) => world[index] as Line))
    return new Set([...possible].flatMap((line) => lines.reachable(line).map(read)))
  }

  /** The CPU copies cells of `from` into this line, `[from, to]` each, through its cache on both sides. */
  copyFrom(from: LinePlace, cells: readonly (readonly [number, number])[]): void {
    this.joinWith(from)
    const { lines } = this.worlds
    const source = from.#index
    const target = this.#index
    this.worlds.step((world) =>
      lines.reachable(world[source] as Line).flatMap((old) => {
        const read = lines.filled(old)
        const values: Values = new Map(
          cells.map(([at, to]) => [to, throughCache(read)[at] as number]),
        )
        return lines
          .reachable(world[target] as Line)
          .map((line) => lines.storedInCache(line, values))
          .map((line) => world.with(source, read).with(target, line))
      }),
    )
  }

  joinWith(other: LinePlace): void {
    if (other.worlds === this.worlds) return
    const { lines, places, all } = this.worlds
    const joined = new Worlds(
      lines,
      [...places, ...other.worlds.places],
      all.flatMap((world) => other.worlds.all.map((more) => [...world, ...more])),
    )
    for (const place of joined.places) place.worlds = joined
  }

  /** This line is not read again. */
  forget(): void {
    const index = this.#index
    this.worlds.places.splice(index, 1)
    this.worlds.step((world) => [world.toSpliced(index, 1)])
  }
}

type World = readonly Line[]

class Worlds {
  readonly lines: Lines
  readonly places: LinePlace[]
  all: readonly World[]

  constructor(lines: Lines, places: LinePlace[], all: readonly World[]) {
    this.lines = lines
    this.places = places
    this.all = all
  }

  step(choices: (world: World) => readonly World[]): void {
    const next = new Map<string, World>()
    for (const world of this.all) {
      for (const after of choices(world)) {
        for (const moved of this.#moved(after)) next.set(moved.map(({ id }) => id).join(), moved)
      }
    }
    this.all = [...next.values()]
  }

  /** Where lines move at once: all that the hardware may make of the world. */
  #moved(world: World): readonly World[] {
    if (this.lines.moves !== 'at once') return [world]
    return world.reduce<readonly World[]>(
      (before, line) =>
        before.flatMap((some) => this.lines.reachable(line).map((moved) => [...some, moved])),
      [[]],
    )
  }
}
