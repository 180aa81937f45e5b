/** Runs a program of the little language on the framework itself, and collects its events. */

import type { DmabufEvent, Hazard } from '../../../src/events/event.ts'
import type { CpuMapping, HandedOut } from '../../../src/kernel/dmabuf/cpu-mapping.ts'
import type { Board } from '../../../src/machine/board.ts'
import type { CachePolicy } from '../../../src/machine/policy.ts'
import type { Freedoms } from '../../../src/machine/state-table.ts'
import {
  byteOf,
  CELL,
  type Cells,
  type Op,
  type Program,
  type Target,
} from '../../naive/program.ts'
import { type Slot, Slots } from '../../naive/slots.ts'
import { type FastBuffer, FastKernel, type Mapped } from './kernel.ts'

export interface FastRead {
  readonly step: number
  readonly buffer: number
  readonly start: number
  readonly bytes: Uint8Array
  readonly hazards: readonly Hazard[]
}

/** The bytes of the program's arrays after a step, cell by cell. */
export interface Shown {
  readonly step: number
  readonly buffer: number
  readonly cell: number
  readonly byte: number | undefined
}

interface HeldArray extends Slot {
  readonly mapping: CpuMapping
  readonly array: HandedOut
}

export interface FastOptions {
  readonly board: Board
  readonly policy: CachePolicy
  readonly freedoms?: Freedoms | undefined
  readonly judged?: Board | undefined
  /** Steps that nothing is done in. */
  readonly leaveOut?: ReadonlySet<number> | undefined
}

/** Longer than a lazy IOMMU puts its flush off. */
const LONG = 20_000_000

type OnDevice = Extract<Op, { device: string; op: 'device-load' | 'device-store' }>
type OnMapping = Extract<Op, { op: 'unmap' | 'sync-for-cpu' | 'sync-for-device' }>

export class FastRun {
  readonly reads: FastRead[] = []
  readonly shown: Shown[] = []
  readonly events: DmabufEvent[] = []
  readonly #kernel: FastKernel
  readonly #leaveOut: ReadonlySet<number>
  readonly #program: Program
  readonly #buffers: FastBuffer[]
  readonly #mapped: (Mapped & Target)[] = []
  readonly #arrays = new Map<number, Uint8Array>()
  readonly #slots = new Slots<HeldArray>()
  readonly #steps = new Map<number, number>()
  #step = 0

  constructor(options: FastOptions, program: Program) {
    this.#kernel = new FastKernel(options)
    this.#leaveOut = options.leaveOut ?? new Set()
    this.#kernel.machine.events.listen((event) => {
      this.events.push(event)
      this.#steps.set(event.id, this.#step)
    })
    this.#program = program
    this.#buffers = program.buffers.map((spec) => this.#kernel.export(spec))
  }

  async run(): Promise<void> {
    const { scheduler } = this.#kernel.machine
    for (const op of this.#program.ops) {
      this.#step++
      // Each step is a separate epoch: stores through arrays may lie between any two.
      await scheduler.point(['program'])
      if (this.#leaveOut.has(this.#step)) continue
      if (op.op === 'wait') await scheduler.sleep(LONG)
      else if (op.op === 'drop') this.#slots.drop(op.slot)?.mapping.unmap()
      else if (op.op === 'slot-store') this.#storeInSlot(op)
      else await this.#run(op, this.#buffers[op.buffer] as FastBuffer)
      this.#show()
    }
  }

  /** The step in which the event happened, counted from 1. */
  stepOf(event: number): number {
    return this.#steps.get(event) ?? 0
  }

  async #run(op: Extract<Op, { buffer: number }>, at: FastBuffer): Promise<void> {
    switch (op.op) {
      case 'load': {
        const target = bytesFor(op.cells)
        this.#kernel.cpu(at, op.attribute).load(op.cells.start * CELL, target)
        this.#keepRead('cpu-load', op, target)
        break
      }
      case 'store':
        this.#kernel.cpu(at, op.attribute).store(op.cells.start * CELL, this.#value(op.cells))
        break
      case 'raw-store':
        this.#array(op.buffer).fill(this.#byte, op.cells.start * CELL, op.cells.end * CELL)
        break
      case 'begin':
      case 'end':
        await this.#kernel.sync(at, op.op, op.access)
        break
      case 'map': {
        const { device, buffer } = op
        const mapped = await this.#kernel.map(at, device, op.direction, op.skip)
        if (mapped !== undefined) this.#mapped.push({ ...mapped, device, buffer })
        break
      }
      case 'unmap':
      case 'sync-for-cpu':
      case 'sync-for-device':
        await this.#onMapping(op)
        break
      case 'device-load':
      case 'device-store':
        this.#access(op)
        break
      case 'take':
        this.#take(op, at)
        break
      case 'reuse':
        await this.#reuse(op.buffer, at)
    }
  }

  #take(op: Extract<Op, { op: 'take' }>, at: FastBuffer): void {
    this.#slots.drop(op.slot)?.mapping.unmap()
    const { buffer, cells } = op
    const { start, end } = rangeOf(cells)
    const mapping = this.#kernel.cpu(at, 'cached')
    const array = mapping.handOut(start, end, op.scope, op.writeOnly)
    if (array === undefined) throw new Error('the buffer does not lie in one piece')
    this.#slots.take(op.slot, { buffer, cells, mapping, array })
  }

  #storeInSlot({ slot, cells }: Extract<Op, { op: 'slot-store' }>): void {
    const found = this.#slots.at(slot, cells)
    if (found === undefined) return
    const { start } = found.held.cells
    const range = { start: found.cells.start - start, end: found.cells.end - start }
    found.held.array.bytes.fill(this.#byte, range.start * CELL, range.end * CELL)
  }

  #show(): void {
    for (const { buffer, cells, array } of this.#slots.all) {
      for (let cell = cells.start; cell < cells.end; cell++) {
        const byte = array.bytes[(cell - cells.start) * CELL]
        this.shown.push({ step: this.#step, buffer, cell, byte })
      }
    }
  }

  async #reuse(index: number, at: FastBuffer): Promise<void> {
    const live = this.#mapped.filter((mapped) => mapped.buffer === index && mapped.mapping.live)
    for (const mapped of live) await this.#kernel.unmap(mapped)
    for (const { mapping } of this.#slots.dropAll(index)) mapping.unmap()
    this.#buffers[index] = this.#kernel.reuse(at)
  }

  async #onMapping(op: OnMapping): Promise<void> {
    const found = this.#latest(op, true)
    if (found === undefined) return
    const { dma } = this.#kernel
    if (op.op === 'unmap') await this.#kernel.unmap(found)
    else if (op.op === 'sync-for-cpu')
      dma.syncForCpu(found.mapping, op.direction, rangeOf(op.cells))
    else dma.syncForDevice(found.mapping, op.direction, rangeOf(op.cells))
  }

  #access(op: OnDevice): void {
    const found = this.#latest(op, false)
    if (found === undefined) return
    const { mapping } = found
    const isLoad = op.op === 'device-load'
    const job = this.#kernel.jobs.start(mapping, isLoad ? 'read' : 'write', rangeOf(op.cells))
    const target = isLoad ? bytesFor(op.cells) : this.#value(op.cells)
    if (isLoad) job.load(op.cells.start * CELL, target)
    else job.store(op.cells.start * CELL, target)
    job.finish()
    if (isLoad) this.#keepRead('device-load', op, target)
  }

  #latest({ device, buffer }: Target, live: boolean): Mapped | undefined {
    return this.#mapped.findLast(
      (m) => m.device === device && m.buffer === buffer && (m.mapping.live || !live),
    )
  }

  /** The array over the whole buffer that the program keeps. */
  #array(index: number): Uint8Array {
    let array = this.#arrays.get(index)
    if (array === undefined) {
      const buffer = this.#buffers[index] as FastBuffer
      const { size } = buffer.exporter
      array = this.#kernel.cpu(buffer, 'cached').handOut(0, size, 'mapping', false)?.bytes
      if (array === undefined) throw new Error('the buffer does not lie in one piece')
      this.#arrays.set(index, array)
    }
    return array
  }

  get #byte(): number {
    return byteOf(this.#program, this.#step)
  }

  #value(cells: Cells): Uint8Array {
    return bytesFor(cells).fill(this.#byte)
  }

  /** An access that faulted was none. */
  #keepRead(
    kind: 'cpu-load' | 'device-load',
    { buffer, cells }: { buffer: number; cells: Cells },
    bytes: Uint8Array,
  ): void {
    const event = this.events.findLast((candidate) => candidate.kind === kind)
    if (event?.kind !== kind || this.stepOf(event.id) !== this.#step) return
    const { hazards } = event
    this.reads.push({ step: this.#step, buffer, start: cells.start * CELL, bytes, hazards })
  }
}

function bytesFor({ start, end }: Cells): Uint8Array {
  return new Uint8Array((end - start) * CELL)
}
function rangeOf({ start, end }: Cells): { start: number; end: number } {
  return { start: start * CELL, end: end * CELL }
}
