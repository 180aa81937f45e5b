/**
 * A board that is switched on: memory and caches, frames, clock and scheduler, and the cost so far.
 *
 * Two boards are at work. `board` decides the bytes of this run; `judged` is the board of the
 * verdict. They differ when the run's board is coherent, or on request.
 */
import type { Agent, MemoryAttribute } from '../events/event.ts'
import { type EventSource, EventStream } from '../events/stream.ts'
import { type Board, cmaRegion, isCoherent, loadCost, snoops } from './board.ts'
import type { EqualBytes } from './changed-runs.ts'
import { type Cost, noCost } from './cost.ts'
import { FaultPoints } from './fault-points.ts'
import { Memory, type PerBoard } from './memory.ts'
import type { CachePolicy } from './policy.ts'
import { Ram } from './ram.ts'
import { Scheduler, type SchedulerOptions } from './scheduler.ts'
import { ALL_FREEDOMS, type Freedoms, stateTables } from './state-table.ts'

export interface MachineOptions {
  readonly board: Board
  readonly judged?: Board | undefined
  readonly policy: CachePolicy
  /** False leaves out all bookkeeping about content; only a coherent board can do without. */
  readonly checked?: boolean | undefined
  readonly equal?: EqualBytes | undefined
  readonly scheduler?: SchedulerOptions | undefined
  /** The freedoms of the judged hardware; all of them, but for machines under test. */
  readonly freedoms?: Freedoms | undefined
}

export class Machine {
  readonly board: Board
  readonly judged: Board
  readonly events: EventStream
  readonly scheduler: Scheduler
  readonly memory: Memory
  readonly ram: Ram
  readonly cost: Cost = noCost()
  /** Passed by every place inside the kernel that may fail. */
  readonly faults: FaultPoints = new FaultPoints()
  #loadTime = 0
  #agent: Agent | undefined

  constructor(options: MachineOptions) {
    const { board, policy } = options
    this.board = board
    this.judged = options.judged ?? board
    const coherent = isCoherent(board)
    requireOneLineSize(board, this.judged)
    const checked = !coherent || (options.checked ?? true)
    const tables = stateTables(options.freedoms ?? ALL_FREEDOMS)
    this.scheduler = new Scheduler(options.scheduler)
    this.events = new EventStream(this.#eventSource())
    this.memory = new Memory({
      coherent,
      judgedCoherent: isCoherent(this.judged),
      checked,
      lineSize: coherent ? this.judged.lineSize : board.lineSize,
      edges: { actual: board.edges, judged: this.judged.edges },
      uncachedSnoops: { actual: board.uncachedSnoops, judged: this.judged.uncachedSnoops },
      tables,
      policy,
      equal: options.equal,
      latestEvent: () => this.events.latest,
      epoch: () => this.scheduler.epoch,
      onStores: (_storage, range, view, since) =>
        this.events.emit({
          kind: 'cpu-store',
          buffer: view.buffer,
          mapping: view.mapping,
          range: { start: range.start + view.shift, end: range.end + view.shift },
          seen: 'reconciled',
          since,
          view: view.taken,
          viewEnded: view.ended,
          hazards: [],
          agent: { kind: 'task', name: view.task },
        }),
    })
    this.ram = new Ram({
      ...board.ram,
      reserved: board.bounce,
      cma: cmaRegion(board),
      twoCopies: !coherent,
      poison: !coherent,
      tables,
      failsNow: () => this.faults.next('alloc_pages') !== undefined,
    })
  }

  /** The CPU loaded bytes of memory that is mapped so, on a program's behalf. */
  countLoad(bytes: number, attribute: MemoryAttribute): void {
    this.#loadTime += bytes * loadCost(this.board, attribute)
  }

  /** Nanoseconds that loads past the cache took since power-on, beyond those of cached loads. */
  get loadTime(): number {
    return this.#loadTime
  }

  /** Who acts: the device or kernel that was named, else the task whose turn it is. */
  get agent(): Agent {
    return this.#agent ?? { kind: 'task', name: this.scheduler.current.name }
  }

  /** Runs `body`, a synchronous step, on behalf of `agent`. */
  as<T>(agent: Agent, body: () => T): T {
    const before = this.#agent
    this.#agent = agent
    try {
      return body()
    } finally {
      this.#agent = before
    }
  }

  #eventSource(): EventSource {
    const machine = this
    const { scheduler } = this
    return {
      get now() {
        return scheduler.now
      },
      get agent() {
        return machine.agent
      },
      get origin() {
        return machine.#agent === undefined ? scheduler.current.origin : undefined
      },
      get task() {
        return scheduler.current.id
      },
      get process() {
        return scheduler.current.process
      },
      get within() {
        return scheduler.current.within
      },
      get during() {
        return scheduler.current.during
      },
    }
  }

  /** Whether a device snoops, on this run's board and on the judged one. */
  snoops(device: string): PerBoard<boolean> {
    return { actual: snoops(this.board, device), judged: snoops(this.judged, device) }
  }
}

/** Lines of a board that is not coherent are moved as they are judged: both need one size. */
function requireOneLineSize(board: Board, judged: Board): void {
  if (isCoherent(board) || board.lineSize === judged.lineSize) return
  throw new RangeError(
    `board '${board.name}' has cache lines of ${board.lineSize} bytes and is not coherent: ` +
      `it cannot be judged as '${judged.name}' with lines of ${judged.lineSize}`,
  )
}
