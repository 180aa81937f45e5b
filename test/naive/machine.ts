/**
 * The naive machine: byte-exact lines, every legal choice of the hardware, no cleverness.
 *
 * Pages and bounce copies are lines; the sets of all states that lines may be in together are kept
 * after every step. Beside them runs the coherent machine without bouncing.
 */
import { buffersOf, type CellRead, type NaiveBuffer } from './buffers.ts'
import { NaiveDma, type NaiveMapping, reached } from './dma.ts'
import { NaiveExporter } from './exporter.ts'
import { inHome } from './home.ts'
import { type Change, Lines, type Moves, type Values } from './lines.ts'
import {
  type Attribute,
  byteOf,
  type Cells,
  cellsOf,
  GARBAGE,
  type Op,
  type Program,
  type Target,
  ZEROED,
} from './program.ts'
import { reachOf } from './reach.ts'
import { type Slot, Slots } from './slots.ts'
import { snoops, type Traits } from './traits.ts'

type DeviceAccess = Extract<Op, { op: 'device-load' | 'device-store' }>
type CpuAccess = Extract<Op, { attribute: Attribute }>
type ArrayStore = Extract<Op, { op: 'raw-store' }>
type OnMapping = Extract<Op, { op: 'unmap' | 'sync-for-cpu' | 'sync-for-device' }>

export class NaiveMachine {
  readonly reads: CellRead[] = []
  /** The bytes that the program's arrays may show after each step. */
  readonly shown: CellRead[] = []
  /** The first stores through an array that may go unseen: of the value that was there, and on stale lines. */
  readonly quiet: { same: number; old: number } = { same: Infinity, old: Infinity }
  /** Steps that read bytes outside the contract. */
  readonly unjudged: Set<number> = new Set()
  /** Steps that the other machine shall leave out as well. */
  readonly leftOut: Set<number> = new Set()
  readonly #traits: Traits
  readonly #program: Program
  readonly #lines: Lines
  readonly #dma: NaiveDma
  readonly #buffers: readonly NaiveBuffer[]
  readonly #exporters: readonly NaiveExporter[]
  readonly #mappings: NaiveMapping[] = []
  readonly #slots = new Slots<Slot>()
  #step = 0

  constructor(traits: Traits, program: Program, moves: Moves = 'at a touch') {
    this.#traits = traits
    this.#program = program
    this.#lines = new Lines(traits.coherent === true ? 'never' : moves)
    this.#dma = new NaiveDma(this.#lines, traits)
    this.#buffers = buffersOf(program, this.#lines)
    this.#exporters = this.#buffers.map(
      ({ index, spec, window }) =>
        new NaiveExporter(this.#dma, spec.hooks, { index, window, cells: cellsOf(spec) }),
    )
    for (const op of program.ops) {
      this.#step++
      this.#run(op)
      this.#show()
    }
  }

  #run(op: Op): void {
    switch (op.op) {
      case 'load':
        this.#load(op)
        break
      case 'store':
      case 'raw-store':
        this.#store(op)
        break
      case 'begin':
        if (!this.#isMemfd(op)) this.#exporter(op).begin(op.access)
        break
      case 'end':
        if (!this.#isMemfd(op)) this.#exporter(op).end(op.access)
        break
      case 'map':
        if (this.#isMemfd(op)) break
        this.#mappings.push(this.#exporter(op).map(op.device, op.direction, op.skip))
        break
      case 'unmap':
      case 'sync-for-cpu':
      case 'sync-for-device':
        this.#onMapping(op)
        break
      case 'device-load':
      case 'device-store':
        this.#access(op)
        break
      case 'wait':
        for (const mapping of this.#mappings) mapping.flushed ||= !mapping.live
        break
      case 'take':
        this.#slots.take(op.slot, op)
        break
      case 'drop':
        this.#slots.drop(op.slot)
        break
      case 'slot-store':
        this.#storeInSlot(op)
        break
      case 'reuse':
        this.#reuse(op.buffer)
    }
  }

  #show(): void {
    for (const { buffer: index, cells } of this.#slots.all) {
      const buffer = this.#buffer(index)
      const through = { window: buffer.window, looksIntoCache: true }
      this.shown.push(...buffer.read(this.#step, cells, through))
    }
  }

  #storeInSlot({ slot, cells }: Extract<Op, { op: 'slot-store' }>): void {
    const found = this.#slots.at(slot, cells)
    if (found === undefined) return
    const buffer = this.#buffer(found.held.buffer)
    this.#listen(buffer, found.cells)
    buffer.write(this.#step, found.cells, buffer.window, this.#storeInCache)
  }

  /** A store of the line's previous value may not be seen; it matters if the line may be stale. */
  #listen(buffer: NaiveBuffer, cells: Cells): void {
    const byte = byteOf(this.#program, this.#step)
    const lines = buffer.wholeLines(cells)
    if (!buffer.storedIn(lines).some((store) => byteOf(this.#program, store) === byte)) return
    this.quiet.same = Math.min(this.quiet.same, this.#step)
    const through = { window: buffer.window, looksIntoCache: true }
    const mayBeOld = buffer
      .read(this.#step, lines, through)
      .some(({ right, possible }) => [...possible].some((store) => store !== right))
    if (mayBeOld) this.quiet.old = Math.min(this.quiet.old, this.#step)
  }

  /** The bytes that a cell held at any time: its stores, the zeros of a fresh page, and the garbage below. */
  everIn({ buffer: index, cell }: { buffer: number; cell: number }): number[] {
    const stored = this.#buffer(index).storedIn({ start: cell, end: cell + 1 })
    return [0, GARBAGE, ...stored.map((store) => byteOf(this.#program, store))]
  }

  #reuse(index: number): void {
    const buffer = this.#buffer(index)
    const live = this.#mappings.filter((mapping) => mapping.live && mapping.buffer === index)
    for (const mapping of live) this.#exporter({ buffer: index }).unmap(mapping)
    this.#slots.dropAll(index)
    const cells = { start: 0, end: cellsOf(buffer.spec) }
    buffer.write(ZEROED + this.#step, cells, buffer.window, this.#storeInCache)
  }

  #load({ buffer: index, cells, attribute }: CpuAccess): void {
    const buffer = this.#buffer(index)
    const { window } = buffer
    if (buffer.isDisputed(cells)) this.unjudged.add(this.#step)
    const through = { window, looksIntoCache: this.#seesCache(attribute) }
    this.reads.push(...buffer.read(this.#step, cells, through))
    if (attribute !== 'cached') return
    window.home.eachLine(inHome(window, cells), (place) =>
      place.change((line) => [this.#lines.filled(line)]),
    )
  }

  #store(op: CpuAccess | ArrayStore): void {
    const buffer = this.#buffer(op.buffer)
    const inCache = op.op === 'raw-store' || this.#seesCache(op.attribute)
    const store = inCache ? this.#storeInCache : this.#storeBehind
    buffer.write(this.#step, op.cells, buffer.window, store)
  }

  #onMapping(op: OnMapping): void {
    const mapping = this.#latest(op, true)
    if (mapping === undefined) return
    if (op.op === 'unmap') this.#exporter(op).unmap(mapping)
    else if (op.op === 'sync-for-cpu') this.#dma.syncForCpu(mapping, op.direction, op.cells)
    else this.#dma.syncForDevice(mapping, op.direction, op.cells)
  }

  #access(op: DeviceAccess): void {
    const mapping = this.#latest(op, false)
    if (mapping === undefined) return
    const buffer = this.#buffer(op.buffer)
    const isLoad = op.op === 'device-load'
    const reach = reachOf(this.#traits, mapping, isLoad ? 'read' : 'write')
    if (reach === 'anywhere') this.leftOut.add(this.#step)
    if (reach === 'nowhere' || reach === 'anywhere') return
    const window = reached(mapping)
    const looksIntoCache = snoops(this.#traits, mapping.device)
    if (isLoad) {
      if (reach === 'perhaps' || buffer.isDisputed(op.cells)) this.unjudged.add(this.#step)
      this.reads.push(...buffer.read(this.#step, op.cells, { window, looksIntoCache }))
    } else {
      const store = looksIntoCache ? this.#storeSnooped : this.#storeBehind
      buffer.write(this.#step, op.cells, window, store, reach)
    }
  }

  readonly #storeInCache = (values: Values): Change => {
    return (line) => [this.#lines.storedInCache(line, values)]
  }
  readonly #storeBehind = (values: Values): Change => {
    return (line) => [this.#lines.storedInMemory(line, values)]
  }
  readonly #storeSnooped = (values: Values): Change => {
    if (this.#traits.coherent === true) return this.#storeInCache(values)
    return (line) => this.#lines.snooped(line, values)
  }

  /** The newest mapping of the device for the buffer; a dead one may still reach it. */
  #latest({ device, buffer }: Target, live: boolean): NaiveMapping | undefined {
    return this.#mappings.findLast(
      (m) => m.device === device && m.buffer === buffer && (m.live || !live),
    )
  }

  #seesCache(attribute: Attribute): boolean {
    return attribute === 'cached' || this.#traits.coherent === true
  }

  #isMemfd({ buffer }: { buffer: number }): boolean {
    return this.#buffer(buffer).spec.memfd === true
  }

  #buffer(index: number): NaiveBuffer {
    return this.#buffers[index] as NaiveBuffer
  }

  #exporter({ buffer }: { buffer: number }): NaiveExporter {
    return this.#exporters[buffer] as NaiveExporter
  }
}
