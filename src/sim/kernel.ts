/**
 * The simulated kernel: a board, the framework on it, the drivers of its devices, and one process.
 */

import { type ErrnoCode, errno } from '../abi/errno.ts'
import type { Driver } from '../driver/driver.ts'
import { Drivers, ProbeError } from '../driver/drivers.ts'
import { CaptureDevice } from '../drivers/capture/capture-device.ts'
import { DisplayDevice } from '../drivers/display/display-device.ts'
import type { ShownFrame } from '../drivers/display/shown-frame.ts'
import { DmaHeapNode } from '../drivers/dma-heap-node.ts'
import { cmaHeap, PageHeap, type PageHeapKind, systemHeap } from '../drivers/page-heap.ts'
import { Udmabufs } from '../drivers/udmabuf/udmabuf.ts'
import { UdmabufNode } from '../drivers/udmabuf/udmabuf-node.ts'
import { VgemNode } from '../drivers/vgem/vgem-node.ts'
import type { EventStream } from '../events/stream.ts'
import { DmaLayer } from '../kernel/dma/dma-layer.ts'
import { DmaBufCore } from '../kernel/dmabuf/core.ts'
import { DeviceJobs } from '../kernel/dmabuf/device-job.ts'
import type { DeviceNode } from '../kernel/dmabuf/file.ts'
import type { ImportMapping } from '../kernel/dmabuf/import-mapping.ts'
import { Failures, type PlannedFailure } from '../kernel/process/failures.ts'
import { Process } from '../kernel/process/process.ts'
import { type LostFailure, Tasks } from '../kernel/process/tasks.ts'
import { type Board, cmaRegion } from '../machine/board.ts'
import type { EqualBytes } from '../machine/changed-runs.ts'
import { type Choices, firstChoices } from '../machine/choices.ts'
import type { Cost } from '../machine/cost.ts'
import { Machine } from '../machine/machine.ts'
import type { CachePolicy } from '../machine/policy.ts'
import { CLOCK_END, type Scheduler, type SchedulerOptions } from '../machine/scheduler.ts'
import { type FrameSource, patternSource } from '../media/source.ts'
import * as check from '../syscalls/arguments.ts'
import { guarded } from '../syscalls/guard.ts'
import { checkSleep, type Kernel } from '../syscalls/kernel.ts'
import { DEFAULT_RELEASE, linuxRelease } from '../syscalls/kernel-release.ts'
import type { Syscalls, WaitOptions } from '../syscalls/syscalls.ts'
import { systemError } from '../syscalls/system-error.ts'
import { numberedBy } from '../syscalls/watching.ts'
import { tapOperations } from '../tap/operations.ts'
import { type TapSink, tap } from '../tap/tap.ts'

export interface SimOptions {
  readonly board: Board
  /** The board that the verdict is about; the board itself when left out. */
  readonly judged?: Board | undefined
  readonly policy: CachePolicy
  /** The camera's pictures. Default: a test pattern of 640 by 360. */
  readonly source?: FrameSource | undefined
  /** Virtual nanoseconds between two pictures of the camera; a thirtieth of a second when left out. */
  readonly frameInterval?: number | undefined
  /** Every picture that the display has scanned out for the first time. */
  readonly onFrame?: ((frame: ShownFrame) => void) | undefined
  /** A native comparison of bytes, where the host has one. */
  readonly equal?: EqualBytes | undefined
  /** False leaves out all rules about content; only a coherent board can do without. */
  readonly checked?: boolean | undefined
  readonly scheduler?: SchedulerOptions | undefined
  /** Whether each call that can fail is a choice of the scheduler's strategy, after the probe. */
  readonly failures?: boolean | undefined
  /** `checked`: arrays that see every load and store, and are slow. */
  readonly views?: 'raw' | 'checked' | undefined
  /** The release of Linux that it is, as `6.12.95`; 6.12.107 when left out. */
  readonly linux?: string | undefined
  /** Custom drivers, which `probe` loads. */
  readonly drivers?: readonly Driver[] | undefined
  /** A driver that adds the heap `system` in place of the built-in one. */
  readonly systemHeap?: Driver | undefined
  /** When the camera and the display map imported buffers; `kept` when left out. */
  readonly imports?: ImportMapping | undefined
  /** How many descriptors the process may have. */
  readonly fdLimit?: number | undefined
}

const SYSTEM_HEAP = '/dev/dma_heap/system'
const PATTERN = { width: 640, height: 360 }

export class SimKernel implements Kernel {
  readonly name = 'sim'
  readonly sys: Syscalls
  readonly #machine: Machine
  readonly #tasks: Tasks
  readonly #core: DmaBufCore
  readonly #process: Process
  readonly #failures: Failures
  readonly #drivers: Drivers
  readonly #toProbe: readonly Driver[]
  /** Takes the place of the built-in system heap. */
  readonly #ownHeap: Driver | undefined
  readonly #nodes: ReadonlyMap<string, DeviceNode>
  /** Chooses the calls that fail. */
  readonly #chosenFailures: Choices | undefined

  constructor(options: SimOptions) {
    const machine = new Machine(options)
    const dma = new DmaLayer(machine)
    const core = new DmaBufCore(machine, dma)
    this.#machine = machine
    this.#tasks = new Tasks(machine.scheduler)
    this.#core = core
    this.#failures = new Failures(machine.faults)
    this.#chosenFailures =
      options.failures === true ? (options.scheduler?.choices ?? firstChoices) : undefined
    const jobs = new DeviceJobs(machine, dma)
    const made = makeNodes({ machine, dma, core, jobs }, options)
    const nodes = new Map(made.map((node) => [node.path, node]))
    const { systemHeap: ownHeap, drivers = [] } = options
    this.#ownHeap = ownHeap
    this.#nodes = nodes
    this.#toProbe = ownHeap === undefined ? drivers : [ownHeap, ...drivers]
    this.#drivers = new Drivers({
      machine,
      dma,
      core,
      jobs,
      nodes,
      heapNode: (name, allocate) => new DmaHeapNode(name, { allocate }, machine, core),
    })
    this.#process = new Process({
      machine,
      core,
      nodes,
      failures: this.#failures,
      fdLimit: options.fdLimit,
      views: options.views,
    })
    const sink: TapSink = (event) => machine.events.emit(event)
    this.sys = guarded(tap(this.#process, sink))
    tapOperations(this.sys, sink)
    numberedBy(this.sys, () => machine.events.latest)
  }

  /** The event stream of this kernel. */
  get events(): EventStream {
    return this.#machine.events
  }

  get board(): Board {
    return this.#machine.board
  }

  /** The board that the verdict is about. */
  get judged(): Board {
    return this.#machine.judged
  }

  get scheduler(): Scheduler {
    return this.#machine.scheduler
  }

  /** The cost of the run so far. */
  get cost(): Cost {
    return { ...this.#machine.cost, time: this.#machine.scheduler.now }
  }

  /** Inode numbers of the buffers that exist, newest first. */
  get buffers(): number[] {
    return this.#core.buffers.map((buffer) => buffer.inode)
  }

  /** Bytes of memory that are allocated. */
  get memoryInUse(): number {
    return this.#machine.ram.liveBytes
  }

  /** How often each call was made so far, by its name, and each place inside that may fail. */
  get callCounts(): ReadonlyMap<string, number> {
    return this.#failures.counts
  }

  now(): number {
    return this.#machine.scheduler.now
  }

  async sleep(nanoseconds: number, options: WaitOptions = {}): Promise<void> {
    checkSleep(nanoseconds, options)
    const left = CLOCK_END - this.now()
    if (nanoseconds > left) {
      throw check.outOfRange('nanoseconds', `<= ${left}, where the clock ends`, nanoseconds)
    }
    const wake = await this.#machine.scheduler.sleep(nanoseconds, options.signal)
    if (wake === 'interrupted') {
      throw systemError({ errno: -errno.EINTR, syscall: 'sleep', detail: 'the wait was aborted' })
    }
  }

  spawn<T>(name: string, body: () => Promise<T>): Promise<T> {
    check.text('name', name)
    check.callable('body', body)
    return this.#tasks.spawn(name, body)
  }

  /** Tasks that failed, and whose result was not awaited so far. */
  get lostFailures(): readonly LostFailure[] {
    return this.#tasks.lostFailures
  }

  /**
   * Makes the `nth` call named `call` (the first is 1) fail with `code` before it does anything: a
   * function of the waist, as `mmap`, a request, as DMA_BUF_IOCTL_SYNC, or a function inside the kernel
   * that drivers call or provide, as `get_unused_fd_flags` or `map_dma_buf`. ERR_INVALID_ARG_VALUE for a
   * name or a code that there is not, ERR_OUT_OF_RANGE for a count that no call has.
   */
  fail(call: string, nth: number, code: ErrnoCode): void {
    this.#failures.plan(call, nth, code)
  }

  /** Failures that `fail` planned and that did not happen so far. */
  get failuresNotReached(): readonly PlannedFailure[] {
    return this.#failures.notReached
  }

  /** Failures that the scheduler's strategy chose. */
  get failuresChosen(): readonly PlannedFailure[] {
    return this.#failures.chosen
  }

  /**
   * May sleep. Loads the custom drivers, before a program begins: their nodes are in /dev
   * afterwards. ProbeError for one that fails. Without drivers there is nothing to do.
   */
  async probe(): Promise<void> {
    await this.#drivers.probe(this.#toProbe)
    if (this.#ownHeap !== undefined && !this.#nodes.has(SYSTEM_HEAP)) {
      throw new ProbeError(
        this.#ownHeap.name,
        `it adds no ${SYSTEM_HEAP}: pass the name of the heap, as in uncachedHeap('system')`,
      )
    }
    if (this.#chosenFailures !== undefined) this.#failures.choose(this.#chosenFailures)
  }

  /**
   * Ends everything: waits do not go on; the resources of the process are released; the drivers are
   * removed, the newest first; forgotten resources of the drivers and of the kernel are reported
   * and released.
   */
  exit(): void {
    this.#failures.choose(undefined)
    this.#machine.scheduler.stop()
    this.#machine.memory.lookAtDeadArrays()
    this.#core.stop()
    this.#process.exit()
    this.#drivers.remove()
    this.#core.shutdown()
    this.#drivers.releaseMemory()
  }
}

/** The heap of contiguous memory is there where the board keeps a region for it. */
function heapKinds(board: Board, hasSystemHeap: boolean): PageHeapKind[] {
  const { cma } = board
  const system = hasSystemHeap ? [systemHeap] : []
  if (cma === undefined || cmaRegion(board) === undefined) return system
  return [...system, cmaHeap(cma.name)]
}

function makeNodes(
  {
    machine,
    dma,
    core,
    jobs,
  }: { machine: Machine; dma: DmaLayer; core: DmaBufCore; jobs: DeviceJobs },
  options: SimOptions,
): DeviceNode[] {
  const source = options.source ?? patternSource(PATTERN.width, PATTERN.height)
  const { width, height } = source
  const release = linuxRelease(options.linux ?? DEFAULT_RELEASE)
  return [
    ...heapKinds(machine.board, options.systemHeap === undefined).map(
      (kind) => new DmaHeapNode(kind.name, new PageHeap(machine, dma, core, kind), machine, core),
    ),
    new UdmabufNode(machine, core, new Udmabufs(dma, core, release)),
    new CaptureDevice(machine, dma, core, jobs, {
      source,
      release,
      frameInterval: options.frameInterval,
      imports: options.imports,
    }),
    new DisplayDevice(machine, dma, core, jobs, {
      ...{ width, height, imports: options.imports, onFrame: options.onFrame },
    }),
    new VgemNode({ machine, dma, core }),
  ]
}
