/**
 * DMA-API debugging: reports calls that break the rules, which go on. Source: kernel/dma/debug.c of
 * Linux 6.12.
 */

import type { DriverName } from '../../../events/event.ts'
import type { Machine } from '../../../machine/machine.ts'
import type { DeviceParameters } from '../device-parameters.ts'
import type { KernelMemory, MemoryKind } from '../kernel-memory.ts'
import type { DmaMapping } from '../mapping.ts'
import { Overlaps } from './overlaps.ts'
import { directionText, hex, type Problem } from './problem.ts'
import { segmentProblems } from './segment-checks.ts'
import { type SyncCall, syncProblems } from './sync-checks.ts'
import { type UnmapCall, unmapProblems } from './unmap-checks.ts'

/** The call that a misuse is about: the kernel's name of it, and who made it. */
export interface Caller {
  readonly operation: string
  readonly driver: DriverName
  readonly device: string
}

export class DmaDebug {
  readonly #machine: Machine
  readonly #devices: DeviceParameters
  readonly #overlaps: Overlaps

  constructor(machine: Machine, devices: DeviceParameters) {
    this.#machine = machine
    this.#devices = devices
    this.#overlaps = new Overlaps(machine.judged.lineSize)
  }

  /** A mapping was made. `memory`: the driver's memory of a dma_map_single. */
  mapped(mapping: DmaMapping, operation: string, memory?: KernelMemory): void {
    const { device, driver } = mapping
    const caller = { operation, device, driver }
    if (memory !== undefined) this.#tell(caller, areaProblems(memory), mapping)
    if (mapping.as === 'sg') {
      const owner = this.#devices.of(device).driver ?? driver
      const problems = segmentProblems(mapping, this.#devices.of(device))
      this.#tell({ ...caller, driver: owner }, problems, mapping)
    }
    this.#tell(caller, this.#overlaps.add(mapping), mapping)
  }

  unmapping(mapping: DmaMapping, call: UnmapCall, caller: Caller): void {
    this.#tell(caller, unmapProblems(mapping, call), mapping)
    if (mapping.live) this.#overlaps.delete(mapping)
  }

  syncing(mapping: DmaMapping, call: SyncCall, caller: Caller): void {
    this.#tell(caller, syncProblems(mapping, call), mapping)
  }

  /** Something that no mapping was made for. */
  refused(caller: Caller, problem: Problem, buffer?: number): void {
    const { operation, driver, device } = caller
    this.#machine.events.emit({ kind: 'misuse', ...problem, operation, driver, device, buffer })
  }

  /** dma_debug_device_change: the driver leaves its device while mappings are alive. */
  unbound(device: string, left: ReadonlySet<DmaMapping>): void {
    const [first] = left
    if (first === undefined) return
    const text =
      `has pending DMA allocations while released from device [count=${left.size}], ` +
      `one of them: [device address=${hex(first.address)}] [size=${first.size} bytes] ` +
      `[mapped with ${directionText(first.direction)}] [mapped as ${first.as}]`
    const driver = this.#devices.of(device).driver ?? first.driver
    const caller = { operation: 'device_unbind_driver', driver, device }
    this.#tell(caller, [{ code: 'mapping-leak', text, against: first.mapped }], first)
  }

  #tell(caller: Caller, problems: readonly Problem[], mapping: DmaMapping): void {
    for (const problem of problems) {
      this.#machine.events.emit({
        kind: 'misuse',
        code: problem.code,
        operation: caller.operation,
        driver: caller.driver,
        device: caller.device,
        buffer: mapping.buffer,
        range: problem.range ?? mapping.inBuffer({ start: 0, end: mapping.size }),
        mapping: mapping.id,
        text: problem.text,
        against: problem.against,
      })
    }
  }
}

/** check_for_stack and check_for_illegal_area. */
function areaProblems({ kind, size, storage, start }: KernelMemory): Problem[] {
  const address = hex((storage.chunks[0]?.physical ?? 0) + start)
  if (kind === 'stack') {
    return [{ code: 'map-stack', text: `maps memory from stack [addr=${address}]` }]
  }
  if (kind !== 'rodata') return []
  const text = `maps memory from kernel text or rodata [addr=${address}] [len=${size}]`
  return [{ code: 'map-kernel-text', text }]
}

/** debug_dma_map_single, and the refusal of dma_map_single_attrs: such memory gets no mapping. */
export function refusalOf(kind: MemoryKind, isWithin: boolean, size: number): Problem | undefined {
  if (kind === 'vmalloc') {
    return { code: 'map-vmalloc', text: `maps memory from vmalloc area [len=${size}]` }
  }
  if (kind === 'user' || !isWithin) {
    return { code: 'map-invalid-area', text: `maps memory from invalid area [len=${size}]` }
  }
  return undefined
}
