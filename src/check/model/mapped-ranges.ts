import type { BufferId, CpuMapEvent, MappedAttribute, Range } from '../../events/event.ts'
import { IntervalList } from './interval-list.ts'

/** The living mappings of one range. */
interface Mapped extends Range {
  readonly maps: Map<number, CpuMapEvent>
}

/** The living mappings of one attribute. */
class Ranges {
  readonly #byRange = new Map<string, Mapped>()
  readonly #list = new IntervalList<Mapped>({
    startOf: ({ start }) => start,
    lengthOf: ({ start, end }) => end - start,
  })

  get isEmpty(): boolean {
    return this.#byRange.size === 0
  }

  add(map: CpuMapEvent): void {
    const { start, end } = map.range
    const key = keyOf(map.range)
    let mapped = this.#byRange.get(key)
    if (mapped === undefined) {
      mapped = { start, end, maps: new Map() }
      this.#byRange.set(key, mapped)
      this.#list.add(mapped)
    }
    mapped.maps.set(map.mapping, map)
  }

  delete({ range, mapping }: CpuMapEvent): void {
    const mapped = this.#byRange.get(keyOf(range))
    mapped?.maps.delete(mapping)
    if (mapped?.maps.size !== 0) return
    this.#byRange.delete(keyOf(range))
    this.#list.delete(mapped)
  }

  /** One over the range that is not `mapping`. */
  find({ start, end }: Range, mapping: number): CpuMapEvent | undefined {
    for (const { maps } of this.#list.over(start, end)) {
      for (const map of maps.values()) if (map.mapping !== mapping) return map
    }
    return undefined
  }
}

/**
 * Which bytes of each buffer processes and the kernel have mapped, by the attribute of the mapping. Finds
 * an alias in a time that does not depend on how often a buffer is mapped.
 */
export class MappedRanges {
  readonly #buffers = new Map<BufferId, Map<MappedAttribute, Ranges>>()

  add(map: CpuMapEvent): void {
    const { buffer, attribute } = map
    const own = this.#buffers.get(buffer) ?? new Map<MappedAttribute, Ranges>()
    this.#buffers.set(buffer, own)
    const ranges = own.get(attribute) ?? new Ranges()
    own.set(attribute, ranges)
    ranges.add(map)
  }

  /** `map` as it was added. */
  delete(map: CpuMapEvent): void {
    const own = this.#buffers.get(map.buffer)
    const ranges = own?.get(map.attribute)
    ranges?.delete(map)
    if (ranges?.isEmpty === true) own?.delete(map.attribute)
    if (own?.size === 0) this.#buffers.delete(map.buffer)
  }

  /** A mapping of bytes of the range, in another attribute than `map` and not `map` itself. */
  aliasOf(map: CpuMapEvent, buffer: BufferId, range: Range): CpuMapEvent | undefined {
    for (const [attribute, ranges] of this.#buffers.get(buffer) ?? []) {
      if (attribute === map.attribute) continue
      const other = ranges.find(range, map.mapping)
      if (other !== undefined) return other
    }
    return undefined
  }
}

function keyOf({ start, end }: Range): string {
  return `${start} ${end}`
}
