/**
 * A process on the simulated kernel: its descriptors, its mappings, and the system calls.
 *
 * No call throws for a failure of the kernel. A failure below is a KernelError with a name; here it
 * becomes the negative number, and the reason is kept for whoever wants to tell it (`lastReason`).
 */
import { openBrackets } from '../dmabuf/brackets.ts'
import type { DmaBufCore } from '../dmabuf/core.ts'
import { CpuMapping } from '../dmabuf/cpu-mapping.ts'
import type { CallerFiles, DeviceNode, OpenFile, UserMemory } from '../dmabuf/file.ts'
import { KernelError } from '../machine/kernel-error.ts'
import type { Machine } from '../machine/machine.ts'
import { PAGE_SIZE } from '../machine/ram.ts'
import type { Task } from '../machine/scheduler.ts'
import { errno } from '../uapi/errno.ts'
import {
  F_DUPFD_CLOEXEC,
  F_GETFD,
  F_GETFL,
  F_SETFD,
  F_SETFL,
  FD_CLOEXEC,
  MAP_SHARED,
  O_ACCMODE,
  O_CLOEXEC,
  O_NONBLOCK,
  O_RDONLY,
  O_WRONLY,
  POLLNVAL,
  PROT_READ,
  PROT_WRITE,
} from '../uapi/fcntl.ts'
import { captureOrigin, currentOrigin, withOrigin } from '../uapi/origin.ts'
import type { PollFd, Syscalls, ViewScope, WaitOptions } from '../uapi/syscalls.ts'
import { AddressSpace, type Area } from './address-space.ts'
import { checkedView } from './checked-view.ts'
import type { Failures } from './failures.ts'
import { FdTable, FileDescription } from './fd-table.ts'
import { fdinfoFile } from './fdinfo.ts'

/** RLIMIT_NOFILE as most distributions set it. */
const FD_LIMIT = 1024
const FDINFO = /^\/proc\/self\/fdinfo\/(\d+)$/
/** What the generic code of the kernel adds; the rest of a file's flags is fixed at open. */
const SETTABLE = O_NONBLOCK

export interface ProcessOptions {
  readonly machine: Machine
  readonly core: DmaBufCore
  readonly nodes: ReadonlyMap<string, DeviceNode>
  readonly failures: Failures
  readonly fdLimit?: number | undefined
  readonly views?: 'raw' | 'checked' | undefined
}

export class Process implements Syscalls {
  readonly #machine: Machine
  readonly #core: DmaBufCore
  readonly #nodes: ReadonlyMap<string, DeviceNode>
  readonly #failures: Failures
  readonly #fds: FdTable
  readonly #views: 'raw' | 'checked'
  readonly #memory = new AddressSpace()
  readonly #files: CallerFiles
  #descriptions = 0
  #mappings = 0
  #lastReason = ''
  /** Virtual time that calls took which may not sleep: the next one that may sleeps for them too. */
  #debt = 0
  /** When a task's calls so far are through: a later call of the same task does not overtake them. */
  readonly #busyUntil = new WeakMap<Task, number>()

  constructor(options: ProcessOptions) {
    this.#machine = options.machine
    this.#core = options.core
    this.#nodes = options.nodes
    this.#failures = options.failures
    this.#fds = new FdTable(options.fdLimit ?? FD_LIMIT)
    this.#views = options.views ?? 'raw'
    this.#files = {
      install: (file) => this.#install(file, FD_CLOEXEC),
      lookup: (fd) => this.#fds.get(fd)?.file,
      revoke: (fd) => {
        this.#close(fd)
      },
    }
  }

  /** Why the newest call failed, in a sentence. */
  get lastReason(): string {
    return this.#lastReason
  }

  /** What the process has open: `[fd, what]`. */
  get openFiles(): [number, string][] {
    return this.#fds.open.map(([fd, { file }]) => [fd, file.what])
  }

  get mappingCount(): number {
    return this.#memory.areas.length
  }

  open(path: string, flags: number): number {
    return this.#call('open', () => {
      const file = this.#openPath(path, flags)
      try {
        return this.#install(file, (flags & O_CLOEXEC) === 0 ? 0 : FD_CLOEXEC)
      } catch (error) {
        file.release()
        throw error
      }
    })
  }

  close(fd: number): number {
    return this.#call('close', () => this.#close(fd))
  }

  dup(fd: number): number {
    return this.#call('dup', () => this.#duplicate(fd, 0))
  }

  lseek(fd: number, offset: number, whence: number): number {
    return this.#call('lseek', () => {
      const { file } = this.#description(fd)
      if (file.lseek === undefined) throw new KernelError('ESPIPE', `${file.what} cannot seek`)
      return file.lseek(offset, whence)
    })
  }

  fcntl(fd: number, command: number, argument: number): number {
    return this.#call('fcntl', () => {
      const { file } = this.#description(fd)
      switch (command) {
        case F_GETFD:
          return this.#fds.flagsOf(fd)
        case F_SETFD:
          this.#fds.setFlags(fd, argument & FD_CLOEXEC)
          return 0
        case F_GETFL:
          return file.flags
        case F_SETFL:
          file.flags = (file.flags & ~SETTABLE) | (argument & SETTABLE)
          return 0
        case F_DUPFD_CLOEXEC:
          return this.#duplicate(fd, FD_CLOEXEC)
        default:
          throw new KernelError('EINVAL', `fcntl command ${command} is not known here`)
      }
    })
  }

  read(fd: number, target: Uint8Array): number {
    return this.#call('read', () => {
      const { file } = this.#description(fd)
      if (file.read === undefined) throw new KernelError('EINVAL', `${file.what} cannot be read`)
      return file.read(target)
    })
  }

  async ioctl(
    fd: number,
    request: number,
    argument: UserMemory,
    options: WaitOptions = {},
  ): Promise<number> {
    this.#machine.cost.syscalls++
    this.#machine.scheduler.programRan()
    const origin = currentOrigin()
    await this.#passTime([this.#touch(fd)])
    const task = this.#machine.scheduler.current
    task.origin = origin
    try {
      return await this.#catchingLater(() => this.#ioctl(fd, request, argument, options))
    } finally {
      task.origin = undefined
    }
  }

  async #ioctl(
    fd: number,
    request: number,
    argument: UserMemory,
    { signal }: WaitOptions,
  ): Promise<number> {
    const refused = this.#failures.nextIoctl(request)
    if (refused !== undefined) {
      this.#fds.get(fd)?.file.refused?.(request, argument, refused)
      return refused
    }
    const description = this.#description(fd)
    const { file } = description
    if (file.ioctl === undefined) throw new KernelError('ENOTTY', `${file.what} has no ioctls`)
    const before = this.#maintenanceTime()
    // The call keeps the file open while it sleeps, whoever closes the descriptor meanwhile.
    description.get()
    try {
      return await file.ioctl({ request, argument, files: this.#files, signal })
    } finally {
      description.put()
      this.#debt += this.#maintenanceTime() - before
    }
  }

  async poll(fds: readonly PollFd[], timeout: number, options: WaitOptions = {}): Promise<number> {
    this.#machine.cost.syscalls++
    const { scheduler } = this.#machine
    scheduler.programRan()
    const refused = this.#failures.next('poll')
    if (refused !== undefined) return refused
    const deadline = timeout < 0 ? undefined : scheduler.now + timeout
    await this.#passTime(fds.map(({ fd }) => this.#touch(fd)))
    const isOver = (): boolean => deadline !== undefined && scheduler.now >= deadline
    const files = fds.flatMap(({ fd }) => this.#fds.get(fd)?.file ?? [])
    const woken = await scheduler.until(
      { listen: (listener) => this.#listenAll(files, deadline, listener) },
      () => this.#pollOnce(fds) > 0 || isOver(),
      fds.map(({ fd }) => this.#touch(fd)),
      options.signal,
    )
    return woken ? this.#pollOnce(fds) : -errno.EINTR
  }

  mmap(length: number, protection: number, flags: number, fd: number, offset: number): number {
    return this.#call('mmap', () => {
      const description = this.#description(fd)
      const writable = (protection & PROT_WRITE) !== 0
      checkMapping(description.file, length, offset, writable && (flags & MAP_SHARED) !== 0)
      const whole = Math.ceil(length / PAGE_SIZE) * PAGE_SIZE
      const shared = (flags & MAP_SHARED) !== 0
      const pages = description.file.mmap?.({ offset, length: whole, writable, shared })
      if (pages === undefined) {
        throw new KernelError('ENODEV', `${description.file.what} cannot be mapped`)
      }
      const mapping = new CpuMapping(this.#machine, {
        ...pages,
        id: ++this.#mappings,
        length: whole,
        writable,
      })
      this.#core.get(pages.buffer)
      const readable = (protection & PROT_READ) !== 0
      const area = { length: whole, readable, writable, mapping, description: description.get() }
      return this.#memory.add(area).address
    })
  }

  munmap(address: number, length: number): number {
    return this.#call('munmap', () => {
      const area = this.#memory.find(address, length)
      const whole = Math.ceil(length / PAGE_SIZE) * PAGE_SIZE
      if (area === undefined || area.address !== address || area.length !== whole) {
        throw new KernelError(
          'EINVAL',
          `${length} bytes at 0x${address.toString(16)} are not one whole mapping`,
        )
      }
      this.#unmap(area)
      return 0
    })
  }

  view(address: number, length: number, scope: ViewScope): Uint8Array<ArrayBuffer> | number {
    let view: Uint8Array<ArrayBuffer> | undefined
    const result = this.#call('view', () => {
      const area = this.#area(address, length)
      const start = address - area.address
      const { buffer } = area.mapping.info
      const brackets = openBrackets(buffer)
      const live = scope === 'bracket' && brackets.isOpen ? 'bracket' : 'mapping'
      if (this.#views === 'checked') {
        view = this.#checkedView(area, address, length, live)
        return 0
      }
      const handedOut = area.mapping.handOut(start, start + length, live, brackets.writeOnly)
      if (handedOut === undefined) {
        throw new KernelError('EINVAL', 'the pages are not in order: no single array can show them')
      }
      if (live === 'bracket') brackets.keep(area.mapping, handedOut)
      view = handedOut.bytes
      return 0
    })
    return view ?? result
  }

  load(address: number, target: Uint8Array): number {
    return this.#call('load', () => {
      const area = this.#area(address, target.length)
      if (!area.readable) throw new KernelError('EFAULT', 'the mapping has no PROT_READ')
      area.mapping.load(address - area.address, target)
      return 0
    })
  }

  store(address: number, source: Uint8Array): number {
    return this.#call('store', () => {
      const area = this.#area(address, source.length)
      if (!area.writable) throw new KernelError('EFAULT', 'the mapping has no PROT_WRITE')
      area.mapping.store(address - area.address, source)
      return 0
    })
  }

  /** Ends the process: everything it had is released, mappings first. */
  exit(): void {
    for (const area of this.#memory.areas) this.#unmap(area)
    for (const [fd] of this.#fds.open) this.#close(fd)
  }

  // --- files -----------------------------------------------------------------------------------

  #openPath(path: string, flags: number): OpenFile {
    const info = FDINFO.exec(path)
    if (info !== null) return fdinfoFile(path, Number(info[1]), this.#fds)
    const node = this.#nodes.get(path)
    if (node === undefined) {
      throw new KernelError('ENOENT', `${path}: there are ${[...this.#nodes.keys()].join(', ')}`)
    }
    return node.open(flags & ~O_CLOEXEC)
  }

  #install(file: OpenFile, flags: number): number {
    const description = new FileDescription(++this.#descriptions, file)
    const fd = this.#fds.install(description, flags)
    this.#emitFd('fd-open', fd, description)
    return fd
  }

  #duplicate(fd: number, flags: number): number {
    const description = this.#description(fd)
    const copy = this.#fds.install(description, flags)
    description.get()
    this.#emitFd('fd-open', copy, description)
    return copy
  }

  #close(fd: number): number {
    const description = this.#fds.remove(fd)
    if (description === undefined) throw new KernelError('EBADF', `fd ${fd} is not open`)
    this.#emitFd('fd-close', fd, description)
    description.put()
    return 0
  }

  #description(fd: number): FileDescription {
    const description = this.#fds.get(fd)
    if (description === undefined) throw new KernelError('EBADF', `fd ${fd} is not open`)
    return description
  }

  #emitFd(kind: 'fd-open' | 'fd-close', fd: number, { id, file }: FileDescription): void {
    const buffer = file.buffer?.inode
    this.#machine.events.emit({ kind, fd, file: id, what: file.what, buffer })
  }

  // --- memory ----------------------------------------------------------------------------------

  #area(address: number, length: number): Area {
    const area = this.#memory.find(address, length)
    if (area === undefined) {
      throw new KernelError(
        'EFAULT',
        `no mapping holds ${length} bytes at 0x${address.toString(16)}`,
      )
    }
    return area
  }

  /** An array that makes every access an exact one, so that nothing about it has to be presumed. */
  #checkedView(
    area: Area,
    address: number,
    length: number,
    live: ViewScope,
  ): Uint8Array<ArrayBuffer> {
    let alive = true
    if (live === 'bracket') {
      openBrackets(area.mapping.info.buffer).whenEnded(() => {
        alive = false
      })
    }
    // No call on the waist stands for an access by index: it is told apart by its own line.
    const from = <T>(access: () => T): T => withOrigin(captureOrigin(undefined), access)
    return checkedView(length, {
      load: (offset, target) => from(() => this.load(address + offset, target)),
      store: (offset, source) => from(() => this.store(address + offset, source)),
      isAlive: () => alive && this.#memory.find(address, length) === area,
    })
  }

  #unmap(area: Area): void {
    this.#memory.remove(area)
    area.mapping.unmap()
    this.#core.put(area.mapping.info.buffer)
    area.description.put()
  }

  // --- waiting ---------------------------------------------------------------------------------

  #pollOnce(fds: readonly PollFd[]): number {
    let ready = 0
    for (const entry of fds) {
      const file = this.#fds.get(entry.fd)?.file
      entry.revents = file === undefined ? POLLNVAL : (file.poll?.(entry.events) ?? entry.events)
      if (entry.revents !== 0) ready++
    }
    return ready
  }

  #listenAll(
    files: readonly OpenFile[],
    deadline: number | undefined,
    listener: () => void,
  ): () => void {
    const stops = files.flatMap((file) => file.onReady?.(listener) ?? [])
    if (deadline !== undefined) stops.push(this.#machine.scheduler.at(deadline, listener, true))
    return () => {
      for (const stop of stops) stop()
    }
  }

  #touch(fd: number): string {
    const file = this.#fds.get(fd)?.file
    return file === undefined ? `fd ${fd}` : touchOf(file)
  }

  /** The call itself and what came before it take time: other tasks and devices work meanwhile. */
  async #passTime(touches: readonly string[]): Promise<void> {
    const { scheduler, board } = this.#machine
    const time = board.cost.syscall + this.#debt
    this.#debt = 0
    const task = scheduler.current
    const end = Math.max(scheduler.now + time, this.#busyUntil.get(task) ?? 0)
    this.#busyUntil.set(task, end)
    await scheduler.park(touches, (wake) => scheduler.at(end, wake, true))
  }

  /** Virtual time that cache maintenance on this board took since power-on. */
  #maintenanceTime(): number {
    const { board, cost } = this.#machine
    const { cleanLine, invalidateLine } = board.cost
    return (cost.cleaned * cleanLine + cost.invalidated * invalidateLine) / board.lineSize
  }

  // --- errors ----------------------------------------------------------------------------------

  #call(name: string, body: () => number): number {
    this.#machine.cost.syscalls++
    this.#machine.scheduler.programRan()
    this.#debt += this.#machine.board.cost.syscall
    const refused = this.#failures.next(name)
    if (refused !== undefined) return refused
    const task = this.#machine.scheduler.current
    const outer = task.origin
    task.origin = currentOrigin()
    try {
      return body()
    } catch (error) {
      return this.#toErrno(error)
    } finally {
      task.origin = outer
    }
  }

  async #catchingLater(body: () => Promise<number>): Promise<number> {
    try {
      return await body()
    } catch (error) {
      return this.#toErrno(error)
    }
  }

  #toErrno(error: unknown): number {
    if (!(error instanceof KernelError)) throw error
    this.#lastReason = error.message
    return -(errno[error.code as keyof typeof errno] ?? errno.EIO)
  }
}

function touchOf(file: OpenFile): string {
  return file.buffer === undefined ? file.what : `dmabuf ${file.buffer.inode}`
}

/** The checks that the kernel makes before it asks the file. */
function checkMapping(file: OpenFile, length: number, offset: number, writesShared: boolean): void {
  if (!(length > 0)) throw new KernelError('EINVAL', `length is ${length}`)
  if (offset % PAGE_SIZE !== 0 || offset < 0) {
    throw new KernelError('EINVAL', `offset ${offset} is not a multiple of ${PAGE_SIZE}`)
  }
  const mode = file.flags & O_ACCMODE
  if (mode === O_WRONLY) throw new KernelError('EACCES', 'the descriptor is not open for reading')
  if (writesShared && mode === O_RDONLY) {
    throw new KernelError('EACCES', 'the descriptor is not open for writing')
  }
}
