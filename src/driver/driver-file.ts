import type { EventOrigin } from '../events/event.ts'
import { DmaBuf } from '../kernel/dmabuf/dma-buf.ts'
import type { IoctlCall, MappedPages, MapRequest, OpenFile } from '../kernel/dmabuf/file.ts'
import type { Operation } from '../kernel/dmabuf/operations.ts'
import { pagesProblem } from '../kernel/dmabuf/returned.ts'
import type { Bound } from './bound.ts'

/** struct file_operations of a driver: every function may be left out. A failure is a KernelError. */
export interface DriverFile {
  /** May sleep. Returns zero or a positive number. ENOTTY stands for a request that is not known. */
  ioctl?(call: IoctlCall): Promise<number> | number
  mmap?(request: MapRequest): MappedPages
  /** Does not wait: EAGAIN where there is nothing to read. Returns the count of bytes. */
  read?(target: Uint8Array): number
  lseek?(offset: number, whence: number): number
  /** The events of a poll mask that are ready now. */
  poll?(events: number): number
  /** Calls `listener` whenever `poll` may have a new answer; returns how to take it back. */
  onReady?(listener: () => void): () => void
  /** Lines of /proc/self/fdinfo after the generic ones. */
  fdinfo?(): string
  /** The last descriptor and mapping of it are gone. */
  release?(): void
}

/** The file's node, and the line that registered it. */
export interface Opening {
  readonly path: string
  readonly flags: number
  readonly origin: EventOrigin | undefined
}

type Counts = 'read' | 'lseek' | 'poll'

/** An open file of a driver: errors and results of its functions are checked. */
export class WatchedFile implements OpenFile {
  readonly what: string
  flags: number
  readonly ioctl?: NonNullable<OpenFile['ioctl']>
  readonly mmap?: NonNullable<OpenFile['mmap']>
  readonly read?: NonNullable<OpenFile['read']>
  readonly lseek?: NonNullable<OpenFile['lseek']>
  readonly poll?: NonNullable<OpenFile['poll']>
  readonly onReady?: NonNullable<OpenFile['onReady']>
  readonly fdinfo?: NonNullable<OpenFile['fdinfo']>
  readonly #bound: Bound
  readonly #file: DriverFile
  readonly #origin: EventOrigin | undefined

  /**
   * Functions that the driver leaves out are left out here: the kernel's own answer depends on it.
   */
  constructor(bound: Bound, opening: Opening, file: DriverFile) {
    this.#bound = bound
    this.#file = file
    this.#origin = opening.origin
    this.what = opening.path
    this.flags = opening.flags
    if (file.ioctl) this.ioctl = (call) => this.#ioctl(call)
    if (file.mmap) this.mmap = (request) => this.#mmap(request)
    if (file.read) this.read = (target) => this.#read(target)
    if (file.lseek) {
      this.lseek = (offset, whence) => this.#count('lseek', (on) => on.lseek?.(offset, whence))
    }
    if (file.poll) this.poll = (events) => this.#count('poll', (on) => on.poll?.(events))
    if (file.onReady) this.onReady = (listener) => this.#onReady(listener)
    if (file.fdinfo) this.fdinfo = () => this.#ask('show_fdinfo', (on) => String(on.fdinfo?.()))
  }

  release(): void {
    const { operations, underWay } = this.#bound
    underWay.inCall(() => operations.tell(this.#named('release'), () => this.#file.release?.()))
  }

  async #ioctl(call: IoctlCall): Promise<number> {
    const { operations, underWay } = this.#bound
    const operation = this.#named('ioctl', `0x${call.request.toString(16)}`)
    const run = (): Promise<number | undefined> =>
      operations.run(operation, () => this.#file.ioctl?.(call))
    return this.#checked('ioctl', await underWay.inCall(run))
  }

  #mmap(request: MapRequest): MappedPages {
    const given = `${request.offset}, ${request.length}`
    const mapped = this.#ask('mmap', (on) => on.mmap?.(request), given)
    const { buffer, offset = -1 } = mapped ?? {}
    const isPlace = buffer instanceof DmaBuf && Number.isSafeInteger(offset) && offset >= 0
    const problem = isPlace
      ? pagesProblem(mapped?.pages, request.length)
      : 'pages without their place in a buffer'
    if (mapped !== undefined && problem === undefined) return mapped
    throw this.#bound.operations.returned(this.#named('mmap', given), problem ?? 'nothing')
  }

  #read(target: Uint8Array): number {
    const count = this.#count('read', (on) => on.read?.(target))
    if (count <= target.length) return count
    const why = `${count}: ${target.length} bytes at most were asked`
    throw this.#bound.operations.returned(this.#named('read'), why)
  }

  /** A listener that could not be taken is one that is never called. */
  #onReady(listener: () => void): () => void {
    const { operations } = this.#bound
    const named = this.#named('poll_wait')
    let stop: unknown
    operations.tell(named, () => {
      stop = this.#file.onReady?.(listener)
    })
    return () => {
      if (typeof stop === 'function') operations.tell(named, () => (stop as () => void)())
    }
  }

  #count(name: Counts, body: (file: DriverFile) => number | undefined): number {
    return this.#checked(name, this.#ask(name, body))
  }

  #ask<T>(name: string, body: (file: DriverFile) => T, given?: string): T {
    const { operations, underWay } = this.#bound
    return underWay.inCall(() => operations.ask(this.#named(name, given), () => body(this.#file)))
  }

  #checked(name: string, value: unknown): number {
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value
    const why = `${String(value)}: zero or a count is expected, and a failure is thrown`
    throw this.#bound.operations.returned(this.#named(name), why)
  }

  #named(name: string, given?: string): Operation {
    const all = given === undefined ? this.what : `${this.what}, ${given}`
    return { name, driver: this.#bound.driver, given: all, origin: this.#origin }
  }
}

/** A process opens a driver's device. */
export function openDriverFile(
  bound: Bound,
  opening: Opening,
  device: { open(flags: number): DriverFile },
): OpenFile {
  const { path, flags, origin } = opening
  const operation = { name: 'open', driver: bound.driver, given: path, origin }
  const { operations, underWay } = bound
  const file = underWay.inCall(() => operations.ask(operation, () => device.open(flags)))
  if (typeof file === 'object' && file !== null) return new WatchedFile(bound, opening, file)
  throw operations.returned(operation, `${String(file)}: no file operations`)
}
