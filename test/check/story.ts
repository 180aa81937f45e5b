/**
 * Event programs, written by hand: the events of a source, with ids, times and call sites added.
 */
import { Checker, type CheckResult } from '../../src/check/index.ts'
import type {
  Agent,
  BufferId,
  CpuAccess,
  DeviceFaultEvent,
  DmabufEvent,
  DmaDirection,
  DriverName,
  EventId,
  Hazard,
  MemoryAttribute,
  NewEvent,
  Range,
} from '../../src/events/event.ts'
import type { MisuseCode } from '../../src/events/misuse-code.ts'

export const SIZE = 4096
const WHOLE = { start: 0, end: SIZE }

/** A driver of the user's; its lines are those from 100 on. */
export const OWN: DriverName = { name: 'vpdma', modelled: false }
export const MODEL: DriverName = { name: 'system heap', modelled: true }

/** The subject of an event below the application; the first buffer, all of it, when left out. */
interface Below {
  readonly buffer?: BufferId
  readonly range?: Range
  readonly mapping?: number
  readonly device?: string
  readonly direction?: DmaDirection
  readonly driver?: DriverName
  readonly line?: number
  readonly hazards?: readonly Hazard[]
}
interface MapBelow extends Below {
  readonly skip?: boolean
  readonly bounced?: boolean
  readonly attachment?: number
  /** The offset in storage 1 that the range begins at. */
  readonly at?: number
}

type Extra = Omit<Partial<DmabufEvent>, 'task'> & {
  readonly line?: number
  /** The task's name. */
  readonly task?: string
}

const STEPS: ReadonlySet<DmabufEvent['kind']> = new Set([
  ...(['misuse', 'dma-map', 'dma-sync', 'maintenance', 'bounce-copy', 'cpu-store'] as const),
])

export class Story {
  readonly events: DmabufEvent[] = []
  readonly #origins = new Map<number, { readonly stack: string }>()
  #calls = 0
  #operations = 0
  readonly #tasks: string[] = []
  /** The calls that are entered, by task. */
  readonly #entered = new Map<number, EventId>()
  #unseen: EventId = 0

  /** `line` is where in the program it happens: 0 for none. */
  emit(event: NewEvent, { line = 0, task = 'main', ...rest }: Extra = {}): EventId {
    const id = this.events.length + 1
    const agent: Agent = event.agent ?? { kind: 'task', name: task }
    const origin = line === 0 ? undefined : this.#originOf(line)
    const cause = { task: this.#taskOf(agent), process: agent.kind === 'task' ? 1 : 0 }
    const full = { ...event, ...cause, agent, id, time: id, origin, ...rest } as DmabufEvent
    this.events.push({ ...full, within: rest.within ?? this.#callOf(full) })
    if (event.kind === 'cpu-access-begin' || event.kind === 'cpu-access-end') this.#mark(event.kind)
    return id
  }

  /**
   * The call that an event is part of: the one that its task has entered, or else an unseen one, which has
   * done all the steps since the last event that is not one.
   */
  #callOf(event: DmabufEvent): EventId {
    if (event.kind === 'call' && event.phase === 'enter') {
      this.#entered.set(event.task, event.id)
      return this.#unseen
    }
    const entered = this.#entered.get(event.task)
    if (event.kind === 'call') this.#entered.delete(event.task)
    const unseen = this.#unseen
    if (!STEPS.has(event.kind)) this.#unseen = event.id
    return entered ?? unseen
  }

  /** The steps before a START or an END are those of its exporter. */
  #mark(kind: 'cpu-access-begin' | 'cpu-access-end'): void {
    const { within } = this.events.at(-1) as DmabufEvent
    const during = kind === 'cpu-access-begin' ? 'begin_cpu_access' : 'end_cpu_access'
    for (const [at, event] of this.events.entries()) {
      const isMade = event.kind !== 'dma-map' && event.kind !== 'cpu-store'
      if (STEPS.has(event.kind) && isMade && event.within === within)
        this.events[at] = { ...event, during }
    }
  }

  /** Numbers tasks by their names, from 1; 0 for devices and the kernel. */
  #taskOf({ kind, name }: Agent): number {
    if (kind !== 'task') return 0
    if (!this.#tasks.includes(name)) this.#tasks.push(name)
    return this.#tasks.indexOf(name) + 1
  }

  /** All events of one line share one origin, as the events of one call do. */
  #originOf(line: number): { readonly stack: string } {
    const origin = this.#origins.get(line) ?? { stack: `line ${line}` }
    this.#origins.set(line, origin)
    return origin
  }

  /** A method of the classes on the buffer behind descriptor 10. Returns its later phases. */
  operation(
    name: string,
    line: number,
    { by = 'cpu' as 'cpu' | 'device', access = 'write' as CpuAccess, task = 'main' } = {},
  ): { awaited(): void; end(): void } {
    const operation = ++this.#operations
    const common = { kind: 'operation', operation, name, by, access, fds: [10] } as const
    const emit = (phase: 'begin' | 'awaited' | 'end'): void =>
      void this.emit({ ...common, phase }, { line, task })
    emit('begin')
    return { awaited: () => emit('awaited'), end: () => emit('end') }
  }

  /** A system heap's buffer, behind descriptor `fd`; or that of a driver of the user's. */
  buffer(buffer = 1, fd = 10, own?: { readonly line: number }): EventId {
    const [exporter, driver] = own === undefined ? ['system', MODEL] : ['vpdma', OWN]
    this.emit({ kind: 'export', buffer, size: SIZE, exporter, driver }, { line: own?.line ?? 0 })
    const agent: Agent = { kind: 'kernel', name: 'system heap' }
    const zeroed = this.emit({
      kind: 'cpu-store',
      agent,
      buffer,
      mapping: undefined,
      range: WHOLE,
      seen: 'exact',
      hazards: [],
    })
    this.open(fd, buffer)
    return zeroed
  }

  open(fd: number, buffer?: number, line = 0): void {
    const what = buffer === undefined ? '/dev/dri/card0' : 'dmabuf'
    this.emit({ kind: 'fd-open', fd, file: 100 + fd, what, buffer }, { line })
  }

  close(fd: number, buffer?: number, line = 0): void {
    const what = buffer === undefined ? '/dev/dri/card0' : 'dmabuf'
    this.emit({ kind: 'fd-close', fd, file: 100 + fd, what, buffer }, { line })
  }

  release(buffer = 1): void {
    this.emit({ kind: 'release', buffer })
  }

  /** A device attaches and maps; the lines are cleaned. */
  attach(device: string, { mapping = 1, skip = false, buffer = 1 } = {}): void {
    this.emit({ kind: 'attach', buffer, attachment: mapping, device })
    if (!skip) this.maintain('clean', device, buffer)
    this.emit({
      kind: 'dma-map',
      buffer,
      attachment: mapping,
      mapping,
      device,
      direction: device === 'display' ? 'to-device' : 'bidirectional',
      skipCpuSync: skip,
    })
  }

  detach(device: string, mapping = 1, buffer = 1): void {
    this.emit({
      kind: 'dma-unmap',
      buffer,
      attachment: mapping,
      mapping,
      device,
      direction: 'bidirectional',
      skipCpuSync: false,
    })
  }

  maintain(op: 'clean' | 'invalidate', device: string, buffer = 1): void {
    this.emit({ kind: 'maintenance', op, buffer, range: WHOLE, device, bytes: SIZE })
  }

  start(
    access: CpuAccess,
    line: number,
    { result = 0, synced = ['camera'], task = 'main' } = {},
  ): EventId {
    return this.emit(
      { kind: 'cpu-access-begin', buffer: 1, access, result, synced },
      { line, task },
    )
  }

  end(
    access: CpuAccess,
    line: number,
    { result = 0, synced = ['camera'], task = 'main' } = {},
  ): EventId {
    if (result === 0 && access !== 'read' && synced.length > 0) this.maintain('clean', 'camera')
    return this.emit({ kind: 'cpu-access-end', buffer: 1, access, result, synced }, { line, task })
  }

  map(line = 0, { mapping = 7, attribute = 'cached' as MemoryAttribute } = {}): void {
    this.emit(
      { kind: 'cpu-map', buffer: 1, mapping, range: WHOLE, attribute, writable: true },
      { line },
    )
  }

  unmap(mapping = 7): void {
    const attribute = 'cached'
    this.emit({ kind: 'cpu-unmap', buffer: 1, mapping, range: WHOLE, attribute, writable: true })
  }

  view(line: number, scope: 'bracket' | 'mapping' = 'mapping', hazards: Hazard[] = []): EventId {
    return this.emit(
      { kind: 'cpu-view', buffer: 1, mapping: 7, range: WHOLE, scope, hazards },
      { line },
    )
  }

  store(line: number, { start = 0, end = 64 } = {}): EventId {
    const range = { start, end }
    return this.emit(
      { kind: 'cpu-store', buffer: 1, mapping: 7, range, seen: 'exact', hazards: [] },
      { line },
    )
  }

  /** A store through the array of `view`, found now. */
  foundStore(view: EventId, since: EventId, { viewEnded }: { viewEnded?: EventId } = {}): EventId {
    return this.emit({
      viewEnded,
      kind: 'cpu-store',
      buffer: 1,
      mapping: 7,
      range: { start: 0, end: 64 },
      seen: 'reconciled',
      since,
      view,
      hazards: [],
    })
  }

  load(line: number, hazards: Hazard[] = []): EventId {
    const range = { start: 0, end: 64 }
    return this.emit(
      { kind: 'cpu-load', buffer: 1, mapping: 7, range, seen: 'exact', hazards },
      { line },
    )
  }

  queue(line = 0, device = 'camera'): EventId {
    return this.emit({ kind: 'queue', device, index: 0, buffer: 1 }, { line })
  }

  dequeue(device = 'camera', line = 0): void {
    this.emit({ kind: 'dequeue', device, index: 0, buffer: 1 }, { line })
  }

  jobStart(
    job: number,
    device: string,
    access: 'read' | 'write',
    mapping = 1,
    { buffer = 1, range = WHOLE, line = 0 }: Below = {},
  ): EventId {
    const agent: Agent = { kind: 'device', name: device }
    return this.emit(
      { kind: 'job-start', job, device, access, buffer, range, mapping, agent },
      { line },
    )
  }

  jobEnd(job: number, device: string, access: 'read' | 'write'): void {
    const agent: Agent = { kind: 'device', name: device }
    this.emit({ kind: 'job-end', job, device, access, buffer: 1, range: WHOLE, mapping: 1, agent })
  }

  deviceStore(job: number, device = 'camera', snooped = false, range = WHOLE): EventId {
    const agent: Agent = { kind: 'device', name: device }
    return this.emit({
      kind: 'device-store',
      job,
      device,
      buffer: 1,
      range,
      snooped,
      hazards: [],
      agent,
    })
  }

  deviceLoad(job: number, device: string, hazards: Hazard[] = [], snooped = false): EventId {
    const agent: Agent = { kind: 'device', name: device }
    const range = WHOLE
    return this.emit({
      kind: 'device-load',
      job,
      device,
      buffer: 1,
      range,
      snooped,
      hazards,
      agent,
    })
  }

  /** The camera takes the buffer, fills it and returns it. Returns the event of its store. */
  frame(job = 1): EventId {
    this.queue()
    this.jobStart(job, 'camera', 'write')
    const stored = this.deviceStore(job)
    this.jobEnd(job, 'camera', 'write')
    this.dequeue()
    return stored
  }

  /** The display takes a picture of the buffer, or releases it. */
  picture(
    kind: 'scanout-take' | 'scanout-release',
    line = 0,
    { picture = 0, range = WHOLE, buffer = 1 } = {},
  ): EventId {
    return this.emit({ kind, device: 'display', picture, buffer, range }, { line })
  }

  /** The display reads the buffer once. */
  show(hazards: Hazard[] = []): void {
    this.jobStart(90, 'display', 'read', 2)
    this.deviceLoad(90, 'display', hazards)
    this.jobEnd(90, 'display', 'read')
  }

  /** Memory that is not a dma-buf. */
  memory(buffer: BufferId, what: string, size: number = SIZE): void {
    this.emit({ kind: 'memory', buffer, size, what })
  }

  dmaMap(what: MapBelow, kind: 'dma-map' | 'dma-unmap' = 'dma-map'): EventId {
    const { buffer = 1, range = WHOLE, mapping = 1, device = 'camera', line = 0 } = what
    const length = range.end - range.start
    return this.emit(
      {
        kind,
        buffer,
        attachment: what.attachment,
        mapping,
        device,
        direction: what.direction ?? 'bidirectional',
        skipCpuSync: what.skip ?? false,
        range,
        placement: [{ storage: 1, offset: what.at ?? range.start, length }],
        bounced: what.bounced === true ? [range] : undefined,
        driver: what.driver ?? OWN,
      },
      { line },
    )
  }

  dmaUnmap(what: MapBelow): EventId {
    return this.dmaMap(what, 'dma-unmap')
  }

  sync(to: 'cpu' | 'device', what: Below = {}): EventId {
    const { buffer = 1, range = WHOLE, mapping = 1, device = 'camera', line = 0 } = what
    const { direction = 'bidirectional', driver = OWN } = what
    return this.emit(
      { kind: 'dma-sync', to, buffer, mapping, device, direction, range, driver },
      { line },
    )
  }

  /** A CPU mapping of memory that lies at `at` of storage 1. */
  mapOf(
    buffer: BufferId,
    mapping: number,
    { at = 0, line = 0, end = SIZE, expandable = false } = {},
  ): void {
    const attribute = 'cached'
    const range = { start: 0, end }
    const placement = [{ storage: 1, offset: at, length: end }]
    const what = {
      buffer,
      mapping,
      range,
      attribute,
      writable: true,
      placement,
      expandable,
    } as const
    this.emit({ kind: 'cpu-map', ...what }, { line })
  }

  /** A page that is mapped MAP_PRIVATE, and the process's own copy of it. */
  mapPrivately(line: number, { buffer = 1, mapping = 8 } = {}): void {
    const how = { attribute: 'cached', writable: false, isPrivate: true } as const
    const placement = [{ storage: 1, offset: 0, length: SIZE }]
    this.emit({ kind: 'cpu-map', buffer, mapping, range: WHOLE, placement, ...how }, { line })
  }

  private(does: 'load' | 'store', line: number, { buffer = 1, mapping = 8 } = {}): EventId {
    const range = { start: 0, end: 64 }
    return this.emit({ kind: `private-${does}`, buffer, mapping, range }, { line })
  }

  /** An access of the program's, or of the kernel's for a driver. */
  cpu(
    does: 'load' | 'store',
    { by = 'main', ...what }: Below & { readonly by?: string } = {},
  ): EventId {
    const { buffer = 1, mapping, range = { start: 0, end: 64 }, hazards = [], line = 0 } = what
    const agent: Agent = { kind: by === 'main' ? 'task' : 'kernel', name: by }
    return this.emit(
      { kind: `cpu-${does}`, buffer, mapping, range, seen: 'exact', hazards, agent },
      { line },
    )
  }

  /** A device's access outside of any job. */
  bus(
    does: 'load' | 'store',
    {
      bounced,
      snooped = false,
      ...what
    }: Below & { readonly bounced?: boolean; readonly snooped?: boolean } = {},
  ): EventId {
    const { buffer = 1, mapping = 1, range = WHOLE, device = 'camera', hazards = [] } = what
    const agent: Agent = { kind: 'device', name: device }
    const where = { job: undefined, device, buffer, range, snooped, mapping, bounced }
    return this.emit({ kind: `device-${does}`, ...where, hazards, agent })
  }

  /** An IOMMU refused the camera. */
  fault(reason: DeviceFaultEvent['reason'], { mapping = 1, range = WHOLE }: Below = {}): EventId {
    const agent: Agent = { kind: 'device', name: 'camera' }
    const what = {
      job: undefined,
      device: 'camera',
      buffer: 1,
      mapping,
      range,
      address: 0xfff00000,
    }
    return this.emit({ kind: 'device-fault', access: 'write', reason, ...what, agent })
  }

  misuse(
    code: MisuseCode,
    {
      driver = OWN,
      line = 0,
      ...what
    }: Below & { readonly operation?: string; readonly against?: EventId } = {},
  ): EventId {
    const { operation = 'dma_unmap_sgtable', buffer = 1, ...rest } = what
    const text =
      'frees DMA memory with different size [map size=4096 bytes] [unmap size=8192 bytes]'
    return this.emit({ kind: 'misuse', code, operation, driver, buffer, text, ...rest }, { line })
  }

  /** A call of the waist; with `inside` between its two halves. */
  call(
    name: string,
    what: { readonly [key: string]: number | undefined },
    line: number,
    inside: () => void = () => {},
  ): void {
    const call = this.enter(name, what, line)
    inside()
    this.exit(call, name, what, line)
  }

  enter(name: string, what: { readonly [key: string]: number | undefined }, line: number): number {
    const call = ++this.#calls
    const { result: _result, ...rest } = what
    this.emit({ kind: 'call', phase: 'enter', call, name, ...rest }, { line })
    return call
  }

  exit(
    call: number,
    name: string,
    what: { readonly [key: string]: number | undefined },
    line: number,
  ): void {
    this.emit({ kind: 'call', phase: 'exit', call, name, result: 0, ...what }, { line })
  }

  handle(
    kind: 'handle-open' | 'handle-close',
    line: number,
    { fresh = true, result = 0, handle = 1 } = {},
  ): void {
    this.emit({ kind, file: 104, handle, buffer: 1, fresh, result }, { line })
  }

  done(
    how: 'returned' | 'threw' | 'stopped' = 'returned',
    error?: string,
    usesEnded?: boolean,
  ): void {
    this.emit({ kind: 'program-end', how, error, usesEnded })
  }

  check(): CheckResult {
    const checker = new Checker()
    for (const event of this.events) checker.observe(event)
    return checker.finish()
  }
}

export function hazard(
  kind: Hazard['kind'],
  lastStore: EventId,
  { wrongNow = false, start = 0, end = 64 } = {},
): Hazard {
  return {
    range: { start, end },
    kind,
    lastStore,
    wrongNow,
    wrongBytes: wrongNow ? end - start : 0,
  }
}
