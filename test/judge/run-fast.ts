/** Runs a program of the little language on the framework itself, and collects what its events say. */
import { DmaLayer } from '../../src/dma/dma-layer.ts'
import type { DmaMapping } from '../../src/dma/mapping.ts'
import type { Attachment } from '../../src/dmabuf/attachment.ts'
import { DmaBufCore } from '../../src/dmabuf/core.ts'
import { CpuMapping } from '../../src/dmabuf/cpu-mapping.ts'
import { DeviceJobs } from '../../src/dmabuf/device-job.ts'
import type { DmaBuf } from '../../src/dmabuf/dma-buf.ts'
import { SystemHeap } from '../../src/drivers/system-heap.ts'
import type { DmabufEvent, Hazard, MemoryAttribute } from '../../src/events/event.ts'
import type { Board } from '../../src/machine/board.ts'
import { Machine } from '../../src/machine/machine.ts'
import type { CachePolicy } from '../../src/machine/policy.ts'
import type { Freedoms } from '../../src/machine/state-table.ts'
import { armSoc } from '../../src/sim/boards/arm-soc.ts'
import {
  BUFFERS,
  CELL,
  CELLS,
  type Cells,
  LINE_SIZE,
  type Op,
  type Program,
} from '../naive/program.ts'

export interface FastRead {
  readonly step: number
  readonly buffer: number
  readonly start: number
  readonly bytes: Uint8Array
  readonly hazards: readonly Hazard[]
}

export interface FastOptions {
  readonly policy: CachePolicy
  readonly board?: Partial<Board>
  readonly freedoms?: Freedoms
  readonly judged?: Board
}

export const judgeBoard: Board = {
  ...armSoc,
  name: 'judge',
  lineSize: LINE_SIZE,
  devices: { dma: { snoops: false }, gpu: { snoops: true } },
}

interface Mapped {
  readonly device: string
  readonly buffer: number
  readonly attachment: Attachment
  readonly mapping: DmaMapping
}

export class FastRun {
  readonly reads: FastRead[] = []
  readonly events: DmabufEvent[] = []
  readonly machine: Machine
  readonly #dma: DmaLayer
  readonly #core: DmaBufCore
  readonly #jobs: DeviceJobs
  readonly #buffers: DmaBuf[]
  readonly #mapped: Mapped[] = []
  readonly #arrays = new Map<number, Uint8Array>()
  readonly #steps = new Map<number, number>()
  #step = 0

  constructor(options: FastOptions) {
    this.machine = new Machine({
      board: { ...judgeBoard, ...options.board },
      judged: options.judged,
      policy: options.policy,
      freedoms: options.freedoms,
    })
    this.machine.events.listen((event) => {
      this.events.push(event)
      this.#steps.set(event.id, this.#step)
    })
    this.#dma = new DmaLayer(this.machine)
    this.#core = new DmaBufCore(this.machine, this.#dma)
    this.#jobs = new DeviceJobs(this.machine, this.#dma)
    const heap = new SystemHeap(this.machine, this.#dma, this.#core)
    this.#buffers = Array.from({ length: BUFFERS }, () => heap.allocate(4096))
  }

  async run(program: Program): Promise<void> {
    for (const op of program) {
      this.#step++
      // Each step is an epoch of its own: stores through arrays may lie between any two.
      await this.machine.scheduler.point(['program'])
      await this.#run(op)
    }
  }

  /** The step in which the event happened, counted from 1. */
  stepOf(event: number): number {
    return this.#steps.get(event) ?? 0
  }

  async #run(op: Op): Promise<void> {
    const buffer = this.#buffers[op.buffer] as DmaBuf
    switch (op.op) {
      case 'load': {
        const target = bytesFor(op.cells)
        this.#cpu(buffer, op.attribute).load(op.cells.start * CELL, target)
        return this.#keepRead(op.buffer, op.cells, target)
      }
      case 'store':
        return this.#cpu(buffer, op.attribute).store(op.cells.start * CELL, this.#value(op.cells))
      case 'raw-store': {
        this.#array(op.buffer, buffer).fill(this.#step, op.cells.start * CELL, op.cells.end * CELL)
        return
      }
      case 'begin':
        await this.#core.beginCpuAccess(buffer, op.access)
        return
      case 'end':
        await this.#core.endCpuAccess(buffer, op.access)
        return
      case 'map':
        return this.#map(buffer, op)
      case 'unmap': {
        const found = this.#latest(op, true)
        if (found !== undefined) {
          this.#core.unmapAttachment(found.attachment, found.mapping, found.mapping.direction)
        }
        return
      }
      case 'device-load': {
        const found = this.#latest(op, false)
        if (found === undefined) return
        const target = bytesFor(op.cells)
        const job = this.#jobs.start(found.mapping, 'read', range(op.cells))
        job.load(op.cells.start * CELL, target)
        job.finish()
        return this.#keepRead(op.buffer, op.cells, target, 'device-load')
      }
      case 'device-store': {
        const found = this.#latest(op, false)
        if (found === undefined) return
        const job = this.#jobs.start(found.mapping, 'write', range(op.cells))
        job.store(op.cells.start * CELL, this.#value(op.cells))
        job.finish()
        return
      }
      case 'sync-for-cpu': {
        const found = this.#latest(op, true)
        if (found !== undefined) this.#dma.syncForCpu(found.mapping, op.direction, range(op.cells))
        return
      }
      case 'sync-for-device': {
        const found = this.#latest(op, true)
        if (found !== undefined)
          this.#dma.syncForDevice(found.mapping, op.direction, range(op.cells))
        return
      }
    }
  }

  async #map(buffer: DmaBuf, op: Extract<Op, { op: 'map' }>): Promise<void> {
    const attachment = await this.#core.attach(buffer, op.device)
    if (!op.skip) {
      const mapping = await this.#core.mapAttachment(attachment, op.direction)
      this.#mapped.push({ device: op.device, buffer: op.buffer, attachment, mapping })
      return
    }
    // The heap never skips; a driver that does maps by itself, and is synced like the others.
    const mapping = this.#dma.map({
      device: op.device,
      table: {
        runs: [{ storage: buffer.priv as never, offset: 0, length: 4096 }],
        segments: [],
        size: 4096,
      },
      direction: op.direction,
      skipCpuSync: true,
      buffer: buffer.inode,
      driver: { name: 'skipping', modelled: true },
    })
    attachment.mappings.add(mapping)
    this.#mapped.push({ device: op.device, buffer: op.buffer, attachment, mapping })
  }

  #latest(to: { device: string; buffer: number }, live: boolean): Mapped | undefined {
    return this.#mapped
      .filter((m) => m.device === to.device && m.buffer === to.buffer && (m.mapping.live || !live))
      .at(-1)
  }

  #cpu(buffer: DmaBuf, attribute: MemoryAttribute): CpuMapping {
    const pages = { ...this.#core.mmap(buffer, 0, 4096), attribute }
    return new CpuMapping(this.machine, {
      id: 1,
      buffer,
      offset: 0,
      length: 4096,
      pages,
      writable: true,
    })
  }

  /** The array over all cells that the program keeps. */
  #array(index: number, buffer: DmaBuf): Uint8Array {
    let array = this.#arrays.get(index)
    if (array === undefined) {
      array = this.#cpu(buffer, 'cached').handOut(0, CELLS * CELL, 'mapping', false)?.bytes
      if (array === undefined) throw new Error('the cells do not lie in one piece')
      this.#arrays.set(index, array)
    }
    return array
  }

  #value(cells: Cells): Uint8Array {
    return bytesFor(cells).fill(this.#step)
  }

  #keepRead(buffer: number, cells: Cells, bytes: Uint8Array, kind = 'cpu-load'): void {
    const event = this.events.findLast((candidate) => candidate.kind === kind)
    const hazards = event !== undefined && 'hazards' in event ? event.hazards : []
    this.reads.push({ step: this.#step, buffer, start: cells.start * CELL, bytes, hazards })
  }
}

function bytesFor(cells: Cells): Uint8Array {
  return new Uint8Array((cells.end - cells.start) * CELL)
}
function range(cells: Cells): { start: number; end: number } {
  return { start: cells.start * CELL, end: cells.end * CELL }
}
