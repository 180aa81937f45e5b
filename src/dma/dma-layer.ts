/**
 * The streaming DMA layer: who owns memory, the CPU or a device, and what the caches need for it.
 *
 * Map and `syncForDevice` hand memory to the device, unmap and `syncForCpu` take it back. None sleeps.
 * Source: kernel Documentation/core-api/dma-api.rst and kernel/dma/direct.h.
 */
import type { CacheOp, DmaDirection, DriverName, Hazard, Range } from '../events/event.ts'
import type { Machine } from '../machine/machine.ts'
import type { PerBoard } from '../machine/memory.ts'
import type { Storage } from '../machine/storage.ts'
import { opForCpu, opForDevice } from './direction.ts'
import type { DmaMapping } from './mapping.ts'
import { eachRun, placementOf, type SgTable } from './sg-table.ts'

export interface MapRequest {
  readonly device: string
  readonly table: SgTable
  readonly direction: DmaDirection
  readonly skipCpuSync?: boolean | undefined
  readonly buffer: number
  /** Where in the buffer the table's first byte lies. */
  readonly offset?: number | undefined
  /** Who maps: the exporter whose operation this is, or the device's own driver. */
  readonly driver: DriverName
  readonly attachment?: number | undefined
}

export class DmaLayer {
  readonly #machine: Machine
  #mappings = 0
  readonly #synced = new Map<number, Set<string>>()

  constructor(machine: Machine) {
    this.#machine = machine
  }

  /** dma_map_sgtable: the device owns the memory afterwards. */
  map(request: MapRequest): DmaMapping {
    const mapping: DmaMapping = {
      id: ++this.#mappings,
      device: request.device,
      table: request.table,
      direction: request.direction,
      skipCpuSync: request.skipCpuSync ?? false,
      buffer: request.buffer,
      offset: request.offset ?? 0,
      driver: request.driver,
      attachment: request.attachment,
      live: true,
    }
    this.#machine.cost.mappings++
    if (!mapping.skipCpuSync) this.#forDevice(mapping, mapping.direction)
    this.#emitMap('dma-map', mapping)
    return mapping
  }

  /** dma_unmap_sgtable: the CPU owns the memory afterwards. */
  unmap(mapping: DmaMapping): void {
    if (!mapping.skipCpuSync) this.#forCpu(mapping, mapping.direction)
    mapping.live = false
    this.#emitMap('dma-unmap', mapping)
  }

  /** The devices that mappings of the buffer were synced for since this was last asked. */
  takeSynced(buffer: number): string[] {
    const devices = [...(this.#synced.get(buffer) ?? [])]
    this.#synced.delete(buffer)
    return devices
  }

  /** dma_sync_sgtable_for_device; with a range of bytes, dma_sync_single_range_for_device. */
  syncForDevice(mapping: DmaMapping, direction: DmaDirection, range?: Range): void {
    this.#forDevice(mapping, direction, range)
    this.#emitSync('device', mapping, direction, range)
  }

  #forDevice(mapping: DmaMapping, direction: DmaDirection, range?: Range): void {
    this.#maintain(mapping, range, {
      actual: opForDevice(this.#machine.board, mapping.device, direction),
      judged: opForDevice(this.#machine.judged, mapping.device, direction),
    })
  }

  /** dma_sync_sgtable_for_cpu; with a range of bytes, dma_sync_single_range_for_cpu. */
  syncForCpu(mapping: DmaMapping, direction: DmaDirection, range?: Range): void {
    this.#forCpu(mapping, direction, range)
    this.#emitSync('cpu', mapping, direction, range)
  }

  #forCpu(mapping: DmaMapping, direction: DmaDirection, range?: Range): void {
    this.#maintain(mapping, range, {
      actual: opForCpu(this.#machine.board, mapping.device, direction),
      judged: opForCpu(this.#machine.judged, mapping.device, direction),
    })
  }

  /**
   * The device reads `target.length` bytes at `offset` of the mapping. A mapping that is dead still
   * reaches the frames: there is no IOMMU here to stop it. Returns what may be wrong with the bytes.
   */
  deviceLoad(mapping: DmaMapping, offset: number, target: Uint8Array): Hazard[] {
    const hazards: Hazard[] = []
    const { memory, cost } = this.#machine
    cost.dmaOut += target.length
    const snoops = this.#machine.snoops(mapping.device)
    eachRun(mapping.table, offset, offset + target.length, (storage, from, to, at) => {
      const part = target.subarray(at - offset, at - offset + to - from)
      const found = memory.deviceLoad(storage, from, part, snoops)
      hazards.push(...found.map((hazard) => shifted(hazard, at - from)))
    })
    return hazards
  }

  /** The device writes `source` at `offset` of the mapping, as the event `writer`. */
  deviceStore(mapping: DmaMapping, offset: number, source: Uint8Array, writer: number): void {
    const { memory, cost } = this.#machine
    cost.dmaIn += source.length
    const snoops = this.#machine.snoops(mapping.device)
    eachRun(mapping.table, offset, offset + source.length, (storage, from, to, at) => {
      const part = source.subarray(at - offset, at - offset + to - from)
      memory.deviceStore(storage, from, part, snoops, writer)
    })
  }

  /** Finds stores behind views of the mapping's memory: before an event tells of a device's access. */
  reconcile(mapping: DmaMapping, start: number, end: number): void {
    eachRun(mapping.table, start, end, (storage, from, to) =>
      this.#machine.memory.reconcile(storage, from, to),
    )
  }

  #emitMap(kind: 'dma-map' | 'dma-unmap', mapping: DmaMapping): void {
    const { table, offset } = mapping
    this.#machine.events.emit({
      kind,
      buffer: mapping.buffer,
      attachment: mapping.attachment,
      mapping: mapping.id,
      device: mapping.device,
      direction: mapping.direction,
      skipCpuSync: mapping.skipCpuSync,
      range: { start: offset, end: offset + table.size },
      placement: placementOf(table),
      driver: mapping.driver,
    })
  }

  #emitSync(
    to: 'cpu' | 'device',
    mapping: DmaMapping,
    direction: DmaDirection,
    range: Range = { start: 0, end: mapping.table.size },
  ): void {
    const { buffer, offset, device, driver } = mapping
    const synced = this.#synced.get(buffer)
    if (synced === undefined) this.#synced.set(buffer, new Set([device]))
    else synced.add(device)
    const inBuffer = { start: offset + range.start, end: offset + range.end }
    const id = mapping.id
    const what = { to, buffer, mapping: id, device, direction, range: inBuffer, driver }
    this.#machine.events.emit({ kind: 'dma-sync', ...what })
  }

  #maintain(
    mapping: DmaMapping,
    range: Range = { start: 0, end: mapping.table.size },
    ops: PerBoard<CacheOp | undefined>,
  ): void {
    if (ops.actual === undefined && ops.judged === undefined) return
    const { start, end } = range
    eachRun(mapping.table, start, end, (storage, from, to) => this.#onLines(storage, from, to, ops))
    this.#machine.events.emit({
      kind: 'maintenance',
      op: (ops.actual ?? ops.judged) as CacheOp,
      buffer: mapping.buffer,
      range: { start, end },
      device: mapping.device,
      bytes: ops.actual === undefined ? 0 : end - start,
    })
  }

  #onLines(storage: Storage, from: number, to: number, ops: PerBoard<CacheOp | undefined>): void {
    const { cost, memory } = this.#machine
    if (ops.actual === 'clean') cost.cleaned += to - from
    if (ops.actual === 'invalidate') cost.invalidated += to - from
    memory.maintain(storage, from, to, ops)
  }
}

/** Hazards are found in a storage and told of a buffer. */
function shifted(hazard: Hazard, by: number): Hazard {
  if (by === 0) return hazard
  const { start, end } = hazard.range
  return { ...hazard, range: { start: start + by, end: end + by } }
}
