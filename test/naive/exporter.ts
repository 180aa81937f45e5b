/** The exporter of one buffer, correct or not: its work when a CPU access begins and ends. */
import type { NaiveDma, NaiveMapping } from './dma.ts'
import type { Window } from './home.ts'
import { type Access, type Cells, type Direction, directionOf, type Hooks } from './program.ts'

export class NaiveExporter {
  readonly #dma: NaiveDma
  readonly #hooks: Hooks
  readonly #buffer: { index: number; window: Window; cells: number }
  /** In the order in which they were made. */
  #mappings: NaiveMapping[] = []
  #own: NaiveMapping | undefined

  constructor(
    dma: NaiveDma,
    hooks: Hooks,
    buffer: { index: number; window: Window; cells: number },
  ) {
    this.#dma = dma
    this.#hooks = hooks
    this.#buffer = buffer
  }

  map(device: string, direction: Direction, skip: boolean): NaiveMapping {
    const { index, window, cells } = this.#buffer
    const mapping = this.#dma.map({ device, buffer: index, direction, skip, window, cells })
    this.#mappings.push(mapping)
    return mapping
  }

  unmap(mapping: NaiveMapping): void {
    this.#mappings = this.#mappings.filter((other) => other !== mapping)
    this.#dma.unmap(mapping)
  }

  begin(access: Access): void {
    const direction = directionOf(access)
    if (this.#hooks === 'swapped') this.#forDevice(this.#mappings, direction)
    else if (ownDevice(this.#hooks) !== undefined) this.#beginForOwn(direction)
    else this.#forCpu(this.#synced(), this.#directionFor(direction), this.#part())
  }

  end(access: Access): void {
    const direction = directionOf(access)
    if (this.#hooks === 'swapped') this.#forCpu(this.#mappings, direction)
    else if (this.#own !== undefined) this.#forDevice([this.#own], direction)
    else this.#forDevice(this.#synced(), this.#directionFor(direction), this.#part())
  }

  /** The first begin maps; where that map syncs, it is all that the first begin does. */
  #beginForOwn(direction: Direction): void {
    const skip = this.#hooks === 'own-device-skips'
    const first = this.#own === undefined
    if (this.#own === undefined) {
      const { index, window, cells } = this.#buffer
      const device = ownDevice(this.#hooks) as string
      this.#own = this.#dma.map({ device, buffer: index, direction, skip, window, cells })
    }
    if (!first || skip) this.#forCpu([this.#own], direction)
  }

  #synced(): readonly NaiveMapping[] {
    switch (this.#hooks) {
      case 'absent':
      case 'unmapped':
      case 'own-device':
      case 'own-device-skips':
      case 'own-coherent-device':
        return []
      case 'oldest':
        return this.#mappings.slice(0, 1)
      default:
        return this.#mappings
    }
  }

  #directionFor(asked: Direction): Direction {
    switch (this.#hooks) {
      case 'to-device':
      case 'from-device':
      case 'bidirectional':
        return this.#hooks
      default:
        return asked
    }
  }

  #part(): Cells {
    const { cells } = this.#buffer
    return { start: 0, end: this.#hooks === 'half' ? Math.ceil(cells / 2) : cells }
  }

  #forCpu(mappings: readonly NaiveMapping[], direction: Direction, cells?: Cells): void {
    for (const mapping of mappings) this.#dma.syncForCpu(mapping, direction, cells)
  }

  #forDevice(mappings: readonly NaiveMapping[], direction: Direction, cells?: Cells): void {
    for (const mapping of mappings) this.#dma.syncForDevice(mapping, direction, cells)
  }
}

function ownDevice(hooks: Hooks): string | undefined {
  if (hooks === 'own-coherent-device') return 'coherent-pseudo'
  return hooks === 'own-device' || hooks === 'own-device-skips' ? 'pseudo' : undefined
}
