/** Syncs: memory changes hands while it stays mapped. */
import type { DmaDirection, Range } from '../../events/event.ts'
import type { Machine } from '../../machine/machine.ts'
import { noteSync } from './cpu-access-frame.ts'
import type { DmaDebug } from './debug/dma-debug.ts'
import { requireDirection } from './direction.ts'
import type { DmaMapping } from './mapping.ts'
import { emitSync } from './mapping-events.ts'
import { type Ownership, wholeOf } from './ownership.ts'
import { clamp, sizeOfEntries } from './ranges.ts'
import type { SyncOptions, UnmappedSync } from './requests.ts'

export class Syncer {
  readonly #machine: Machine
  readonly #ownership: Ownership
  readonly #debug: DmaDebug

  constructor(machine: Machine, ownership: Ownership, debug: DmaDebug) {
    this.#machine = machine
    this.#ownership = ownership
    this.#debug = debug
  }

  /** Hands `range` of the mapping over, all of it when left out, as far as it is mapped. */
  sync(
    to: 'cpu' | 'device',
    mapping: DmaMapping,
    direction: DmaDirection,
    options: SyncOptions & { range?: Range | undefined },
  ): void {
    const { driver = mapping.driver, entries } = options
    const isList = mapping.as === 'sg' && options.range === undefined
    const operation = `dma_sync_${isList ? 'sgtable' : 'single'}_for_${to}`
    requireDirection(operation, direction)
    const range = options.range ?? wholeOf(mapping)
    const counted = isList ? (entries ?? mapping.table.segments.length) : undefined
    const call = { to, direction, range, entries: counted }
    this.#debug.syncing(mapping, call, { operation, driver, device: mapping.device })
    if (mapping.failed) return
    const within = clamp(
      range,
      counted === undefined ? mapping.size : sizeOfEntries(mapping, counted),
    )
    if (to === 'cpu') this.#ownership.forCpu(mapping, direction, within)
    else this.#ownership.forDevice(mapping, direction, within)
    if (mapping.live) noteSync(this.#machine, mapping)
    emitSync(this.#machine, mapping, { to, direction, range: within, driver })
  }

  /** Hands all of each mapping to its device, one after another. */
  syncAllForDevice(mappings: readonly DmaMapping[], direction: DmaDirection): void {
    if (direction !== 'from-device') {
      const copied = mappings.filter(({ live }) => live)
      const mirrors = copied.flatMap(({ bounce }) => bounce?.parts.map((part) => part.mirror) ?? [])
      this.#machine.memory.expectCopiesOut(mirrors)
    }
    for (const mapping of mappings) this.sync('device', mapping, direction, {})
  }

  /** A sync of a list that was never mapped: works on address 0, where nothing of it is. */
  syncUnmapped({ to, device, buffer, size, driver }: UnmappedSync): void {
    const operation = to === 'cpu' ? 'dma_sync_sgtable_for_cpu' : 'dma_sync_sgtable_for_device'
    const text = `tries to sync DMA memory it has not allocated [device address=0x0] [size=${size} bytes]`
    const range = { start: 0, end: size }
    this.#debug.refused(
      { operation, driver, device },
      { code: 'sync-unknown', text, range },
      buffer,
    )
  }
}
