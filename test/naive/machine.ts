/**
 * The naive machine: byte-exact lines, every legal choice of the hardware, no cleverness.
 *
 * A line is what hardware keeps: whether it is cached, whether it is dirty, the values in memory and
 * the values in the cache. Lines do not influence each other, so each is run by itself, as the set of
 * all lines it may be after every prefix of the program. Beside it runs the coherent machine, which is
 * an array.
 */
import {
  type Access,
  type Attribute,
  BUFFERS,
  CELL,
  CELLS,
  type Cells,
  type Direction,
  LINE_SIZE,
  LINES,
  type Op,
  type Program,
} from './program.ts'

const PER_LINE = LINE_SIZE / CELL
const ZERO = 0
const GARBAGE = 0x5a

interface Line {
  readonly cached: boolean
  readonly dirty: boolean
  readonly memory: readonly number[]
  readonly cache: readonly number[]
}

/** One read of one cell: what a coherent machine returns, and all that legal hardware may. */
export interface CellRead {
  readonly step: number
  readonly buffer: number
  readonly cell: number
  readonly right: number
  readonly possible: ReadonlySet<number>
}

export interface Traits {
  /** What from-device does to the cache when memory is given to a device. */
  readonly fromDevice: 'clean' | 'invalidate'
  readonly edges: 'clean-invalidate' | 'invalidate'
}

class LineSet {
  lines: Map<string, Line> = new Map()

  constructor(lines: readonly Line[]) {
    for (const line of lines) this.add(line)
  }

  add(line: Line): void {
    this.lines.set(JSON.stringify(line), line)
  }

  /** Adds all that the hardware may turn the lines into by itself. */
  close(): void {
    const open = [...this.lines.values()]
    for (let line = open.pop(); line !== undefined; line = open.pop()) {
      for (const next of freely(line)) {
        if (this.lines.has(JSON.stringify(next))) continue
        this.add(next)
        open.push(next)
      }
    }
  }

  map(choices: (line: Line) => readonly Line[]): LineSet {
    const next = new LineSet([...this.lines.values()].flatMap((line) => [...choices(line)]))
    next.close()
    return next
  }

  valuesOf(read: (line: Line) => number): Set<number> {
    return new Set([...this.lines.values()].map(read))
  }
}

function freely(line: Line): Line[] {
  if (!line.cached) return [filled(line)]
  return line.dirty ? [writtenBack(line)] : [gone(line)]
}
function filled(line: Line): Line {
  return line.cached ? line : { ...line, cached: true, dirty: false, cache: [...line.memory] }
}
function writtenBack(line: Line): Line {
  return line.dirty ? { ...line, dirty: false, memory: [...line.cache] } : line
}
function gone(line: Line): Line {
  return { cached: false, dirty: false, memory: line.memory, cache: line.memory.map(() => -1) }
}
function withValue(values: readonly number[], at: readonly number[], value: number): number[] {
  return values.map((old, i) => (at.includes(i) ? value : old))
}
function storedInCache(line: Line, at: readonly number[], value: number): Line {
  const present = filled(line)
  return { ...present, dirty: true, cache: withValue(present.cache, at, value) }
}
function storedInMemory(line: Line, at: readonly number[], value: number): Line {
  return { ...line, memory: withValue(line.memory, at, value) }
}
function snoopedStores(line: Line, at: readonly number[], value: number): Line[] {
  const outcomes = [
    storedInMemory(gone(writtenBack(line)), at, value),
    storedInCache(line, at, value),
  ]
  if (line.cached && !line.dirty) {
    const both = storedInMemory(line, at, value)
    outcomes.push({ ...both, cache: withValue(both.cache, at, value) })
  }
  return outcomes
}

export class NaiveMachine {
  readonly #traits: Traits
  readonly #lines: LineSet[][]
  readonly #coherent: number[][]
  #mappings: {
    device: 'dma' | 'gpu'
    buffer: number
    direction: Direction
    skip: boolean
    live: boolean
  }[] = []
  readonly reads: CellRead[] = []
  #step = 0

  constructor(traits: Traits) {
    this.#traits = traits
    const fresh: Line = {
      cached: true,
      dirty: true,
      memory: Array.from({ length: PER_LINE }, () => GARBAGE),
      cache: Array.from({ length: PER_LINE }, () => ZERO),
    }
    this.#lines = Array.from({ length: BUFFERS }, () =>
      Array.from({ length: LINES }, () => new LineSet([fresh]).map((line) => [line])),
    )
    this.#coherent = Array.from({ length: BUFFERS }, () =>
      Array.from({ length: CELLS }, () => ZERO),
    )
  }

  run(program: Program): void {
    for (const op of program) {
      this.#step++
      this.#run(op)
    }
  }

  #run(op: Op): void {
    switch (op.op) {
      case 'load':
        this.#read(op.buffer, op.cells, seesCache(op.attribute), op.attribute === 'cached')
        return
      case 'store':
        this.#write(op.buffer, op.cells, (line, at, value) =>
          seesCache(op.attribute)
            ? [storedInCache(line, at, value)]
            : [storedInMemory(line, at, value)],
        )
        return
      case 'raw-store':
        this.#write(op.buffer, op.cells, (line, at, value) => [storedInCache(line, at, value)])
        return
      case 'begin':
        this.#eachMapping(op.buffer, (to) => this.#forCpu(to, directionOf(op.access)))
        return
      case 'end':
        this.#eachMapping(op.buffer, (to) => this.#forDevice(to, directionOf(op.access)))
        return
      case 'map': {
        this.#mappings.push({ ...op, live: true })
        if (!op.skip) this.#forDevice(op, op.direction)
        return
      }
      case 'unmap': {
        const mapping = this.#latest(op, true)
        if (mapping === undefined) return
        mapping.live = false
        if (!mapping.skip) this.#forCpu(op, mapping.direction)
        return
      }
      case 'device-load':
        if (this.#latest(op, false) === undefined) return
        this.#read(op.buffer, op.cells, op.device === 'gpu', false)
        return
      case 'device-store':
        if (this.#latest(op, false) === undefined) return
        this.#write(op.buffer, op.cells, (line, at, value) =>
          op.device === 'gpu' ? snoopedStores(line, at, value) : [storedInMemory(line, at, value)],
        )
        return
      case 'sync-for-cpu':
        if (this.#latest(op, true) !== undefined) this.#forCpu(op, op.direction, op.cells)
        return
      case 'sync-for-device':
        if (this.#latest(op, true) !== undefined) this.#forDevice(op, op.direction, op.cells)
        return
    }
  }

  /** The newest mapping of the device for the buffer; a dead one still reaches it. */
  #latest(
    to: { device: string; buffer: number },
    live: boolean,
  ): { live: boolean; direction: Direction; skip: boolean } | undefined {
    return this.#mappings
      .filter((m) => m.device === to.device && m.buffer === to.buffer && (m.live || !live))
      .at(-1)
  }

  #eachMapping(
    buffer: number,
    sync: (to: { device: 'dma' | 'gpu'; buffer: number }) => void,
  ): void {
    for (const mapping of this.#mappings)
      if (mapping.live && mapping.buffer === buffer) sync(mapping)
  }

  #forDevice(to: { device: string; buffer: number }, direction: Direction, cells?: Cells): void {
    if (to.device === 'gpu') return
    if (direction === 'from-device' && this.#traits.fromDevice === 'invalidate')
      this.#invalidate(to.buffer, cells)
    else this.#clean(to.buffer, cells)
  }

  #forCpu(to: { device: string; buffer: number }, direction: Direction, cells?: Cells): void {
    if (to.device === 'gpu' || direction === 'to-device') return
    this.#invalidate(to.buffer, cells)
  }

  #clean(buffer: number, cells: Cells = { start: 0, end: CELLS }): void {
    this.#eachLine(buffer, cells, () => (line) => [writtenBack(line)])
  }

  #invalidate(buffer: number, cells: Cells = { start: 0, end: CELLS }): void {
    this.#eachLine(buffer, cells, (at) => (line) => {
      const whole = at.length === PER_LINE
      return [gone(whole || this.#traits.edges === 'invalidate' ? line : writtenBack(line))]
    })
  }

  #read(buffer: number, cells: Cells, throughCache: boolean, fills: boolean): void {
    for (let cell = cells.start; cell < cells.end; cell++) {
      const set = this.#lines[buffer]?.[Math.floor(cell / PER_LINE)] as LineSet
      const at = cell % PER_LINE
      this.reads.push({
        step: this.#step,
        buffer,
        cell,
        right: this.#coherent[buffer]?.[cell] as number,
        possible: set.valuesOf(
          (line) => (throughCache && line.cached ? line.cache : line.memory)[at] as number,
        ),
      })
    }
    if (fills) this.#eachLine(buffer, cells, () => (line) => [filled(line)])
  }

  #write(
    buffer: number,
    cells: Cells,
    store: (line: Line, at: readonly number[], value: number) => Line[],
  ): void {
    const value = this.#step
    for (let cell = cells.start; cell < cells.end; cell++)
      (this.#coherent[buffer] as number[])[cell] = value
    this.#eachLine(buffer, cells, (at) => (line) => store(line, at, value))
  }

  /** Changes every line that the cells touch; `at` are the touched places in it. */
  #eachLine(
    buffer: number,
    cells: Cells,
    change: (at: readonly number[]) => (line: Line) => readonly Line[],
  ): void {
    const lines = this.#lines[buffer] as LineSet[]
    for (let i = 0; i < LINES; i++) {
      const at = Array.from({ length: PER_LINE }, (_, k) => k).filter((k) => {
        const cell = i * PER_LINE + k
        return cell >= cells.start && cell < cells.end
      })
      if (at.length > 0) lines[i] = (lines[i] as LineSet).map(change(at))
    }
  }
}

function seesCache(attribute: Attribute): boolean {
  return attribute === 'cached'
}

function directionOf(access: Access): Direction {
  if (access === 'read') return 'from-device'
  return access === 'write' ? 'to-device' : 'bidirectional'
}
