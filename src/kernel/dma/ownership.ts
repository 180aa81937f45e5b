/**
 * Hands memory to a device and takes it back: cache maintenance and bounce copies in Linux's order.
 *
 * For the device the bounce copy is made first and its lines are maintained then; for the CPU the
 * other way round. The maintained memory is always the memory that the device reaches. Source:
 * dma_direct_sync_single_for_device and _for_cpu in kernel/dma/direct.h of Linux 6.12.
 */
import type { CacheOp, DmaDirection, Range } from '../../events/event.ts'
import type { Machine } from '../../machine/machine.ts'
import type { PerBoard } from '../../machine/memory.ts'
import type { Storage } from '../../machine/storage.ts'
import { copyBounced } from './bounce/bounce-copy.ts'
import { opForCpu, opForDevice } from './direction.ts'
import { joinedRuns } from './joined-runs.ts'
import type { DmaMapping } from './mapping.ts'
import { eachRun } from './sg-table.ts'

export class Ownership {
  readonly #machine: Machine

  constructor(machine: Machine) {
    this.#machine = machine
  }

  /** At map the copy is filled in every direction, so that a partial write keeps the rest. */
  atMap(mapping: DmaMapping): void {
    const range = wholeOf(mapping)
    copyBounced(this.#machine, mapping, 'bounce', range)
    if (!mapping.skipCpuSync) this.#maintainForDevice(mapping, mapping.direction, range)
  }

  forDevice(mapping: DmaMapping, direction: DmaDirection, range: Range): void {
    if (direction !== 'from-device' && mapping.live) {
      copyBounced(this.#machine, mapping, 'bounce', range)
    }
    this.#maintainForDevice(mapping, direction, range)
  }

  /** At a sync, and at unmap. The slots of a dead mapping know no original any more. */
  forCpu(mapping: DmaMapping, direction: DmaDirection, range: Range): void {
    const { board, judged } = this.#machine
    this.#maintain(mapping, range, {
      actual: opForCpu(board, mapping.device, direction),
      judged: opForCpu(judged, mapping.device, direction),
    })
    if (direction !== 'to-device' && mapping.live) {
      copyBounced(this.#machine, mapping, 'original', range)
    }
  }

  #maintainForDevice(mapping: DmaMapping, direction: DmaDirection, range: Range): void {
    const { board, judged } = this.#machine
    this.#maintain(mapping, range, {
      actual: opForDevice(board, mapping.device, direction),
      judged: opForDevice(judged, mapping.device, direction),
    })
  }

  #maintain(mapping: DmaMapping, range: Range, ops: PerBoard<CacheOp | undefined>): void {
    if (ops.actual === undefined && ops.judged === undefined) return
    const { start, end } = range
    const { memory } = this.#machine
    if (start >= end) return
    if (start === 0 && end === mapping.size) {
      for (const { storage, offset, length } of joinedRuns(mapping.runs, memory.lineSize)) {
        this.#onLines(storage, offset, offset + length, ops)
      }
    } else {
      eachRun(mapping, start, end, (storage, from, to) => this.#onLines(storage, from, to, ops))
    }
    this.#machine.events.emit({
      kind: 'maintenance',
      op: (ops.actual ?? ops.judged) as CacheOp,
      buffer: mapping.buffer,
      range: mapping.inBuffer(range),
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

/** All bytes of a mapping. */
export function wholeOf({ size }: DmaMapping): Range {
  return { start: 0, end: size }
}
