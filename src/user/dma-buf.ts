import {
  DMA_BUF_NAME_LEN,
  DMA_BUF_SET_NAME_B,
  DMA_BUF_SYNC_END,
  DMA_BUF_SYNC_READ,
} from '../abi/dma-buf.ts'
import { errno } from '../abi/errno.ts'
import { F_DUPFD_CLOEXEC, POLLIN, POLLOUT, SEEK_CUR, SEEK_END } from '../abi/fcntl.ts'
import * as check from '../syscalls/arguments.ts'
import { scopeOf } from '../syscalls/call-scope.ts'
import { plainArg } from '../syscalls/ioctl-arg.ts'
import type { Kernel } from '../syscalls/kernel.ts'
import type { Syscalls } from '../syscalls/syscalls.ts'
import { systemError } from '../syscalls/system-error.ts'
import type { Operation } from '../syscalls/watching.ts'
import { BufferCore, mapFile } from './buffer-core.ts'
import { Calls, succeed } from './calls.ts'
import { checkMapRange, checkSyncFile, sysOf } from './checks.ts'
import { CpuAccess } from './cpu-access.ts'
import {
  accessOf,
  type CpuAccessKind,
  checkAccess,
  isEnd,
  protectionOf,
  syncFlags,
} from './cpu-access-kind.ts'
import { drainAll } from './dispose.ts'
import type { AdoptableFd, AnyFd, OwnedFd } from './fd.ts'
import {
  areReady,
  checkFenceWait,
  type FencePoll,
  type FenceWaitOptions,
  waitForFences,
} from './fence-wait.ts'
import { Mapping } from './mapping.ts'
import { ShareableFdOwner } from './owned-fd.ts'
import { exportSyncFile, importSyncFile, type SyncFile } from './sync-file.ts'

/** Options of a call that may sleep. */
export interface AbortOptions {
  /** Ends the wait: the call rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** The part of a buffer to map, and the access. */
export interface MapOptions {
  /** `read-write` unless given. */
  readonly access?: CpuAccessKind
  /** Bytes, whole pages; 0 unless given. */
  readonly offset?: number
  /** Bytes; up to the end unless given. */
  readonly length?: number
}

/**
 * A dma-buf: memory that devices and programs share, held by a file descriptor that this object owns.
 * Closing closes the descriptor; the memory lives until its last user releases it.
 */
export class DmaBuf extends ShareableFdOwner {
  readonly #core: BufferCore

  private constructor(sys: Syscalls, fd: number, size: number) {
    super(sys, fd)
    this.#core = new BufferCore(
      sys,
      size,
      (syscall) => this.requireFd(syscall),
      () => this.closed,
    )
  }

  /**
   * Takes over the descriptor `fd`, which must be a dma-buf's; the caller must not close it any more.
   * EBADF for one that is not open, EINVAL for one that is not a dma-buf: it then stays the caller's.
   */
  static adopt(kernel: Pick<Kernel, 'sys'>, fd: AdoptableFd): DmaBuf {
    const calls = Calls.from(sysOf(kernel), DmaBuf.adopt)
    check.descriptor('fd', fd)
    return DmaBuf.adoptWith(calls, fd)
  }

  /**
   * A second owner of the dma-buf behind `fd`, through a duplicate: `fd` stays open and with its owner.
   * EMFILE, and as `adopt`.
   */
  static borrow(kernel: Pick<Kernel, 'sys'>, fd: AnyFd): DmaBuf {
    const calls = Calls.from(sysOf(kernel), DmaBuf.borrow)
    check.descriptor('fd', fd)
    const size = probeSize(calls, fd)
    return new DmaBuf(calls.sys, duplicate(calls, fd), size)
  }

  /** As `adopt`, on behalf of a line that was captured already. */
  static adoptWith(calls: Calls, fd: number): DmaBuf {
    return new DmaBuf(calls.sys, fd, probeSize(calls, fd))
  }

  /** Bytes. */
  get size(): number {
    return this.#core.size
  }

  /** A second owner of the same memory, through a duplicate of the descriptor. EBADF, EMFILE. */
  dup(): DmaBuf {
    const calls = Calls.from(this.sys, this.dup)
    const fd = this.requireFd('dup')
    return new DmaBuf(this.sys, duplicate(calls, fd), this.size)
  }

  /**
   * Gives the descriptor to the caller, who must close it; this object is closed then. EBADF once
   * closed, EBUSY while a CPU access is open.
   */
  override release(): OwnedFd {
    const calls = Calls.from(this.sys, this.release)
    const fd = this.requireFd('release')
    if (this.#core.busy) {
      throw systemError({
        errno: -errno.EBUSY,
        syscall: 'release',
        fd,
        detail: 'a CPU access is open: end it before giving the descriptor away',
      })
    }
    this.#core.unmap(calls)
    return super.release()
  }

  /** The bytes of open CPU accesses die with the descriptor; mappings made by `map` stay until disposed. */
  protected override beforeClose(calls: Calls): void {
    this.#core.unmap(calls)
  }

  protected override closedDetail(): string {
    return 'this DmaBuf was closed or released: use it before, or keep a dup()'
  }

  /**
   * May sleep, until the devices are done with the buffer. Begins a CPU access; dispose it (`await
   * using`) before a device uses the buffer again. EBADF, and the errors of the exporter.
   */
  beginCpuAccess(access: CpuAccessKind, options: AbortOptions = {}): Promise<CpuAccess> {
    const calls = Calls.passing(this.sys, this.beginCpuAccess)
    const begin = (): Operation => this.#operation('beginCpuAccess', access, options)
    return calls.operation(begin, () => CpuAccess.begin(calls, this.#core, access, options.signal))
  }

  /** May sleep. Runs `use` inside a CPU access and ends it, also when `use` throws. */
  withCpuAccess<T>(
    access: CpuAccessKind,
    use: (bytes: Uint8Array<ArrayBuffer>, cpu: CpuAccess) => T | Promise<T>,
    options: AbortOptions = {},
  ): Promise<T> {
    const calls = Calls.from(this.sys, this.withCpuAccess)
    const begin = (): Operation => {
      check.callable('use', use)
      return this.#operation('withCpuAccess', access, options)
    }
    return calls.operation(begin, (progress) =>
      this.#withCpuAccess(calls, { access, signal: options.signal }, (bytes, cpu) =>
        scopeOf(this.sys).run({ within: progress?.event }, () => use(bytes, cpu)),
      ),
    )
  }

  async #withCpuAccess<T>(
    calls: Calls,
    { access, signal }: { access: CpuAccessKind; signal: AbortSignal | undefined },
    use: (bytes: Uint8Array<ArrayBuffer>, cpu: CpuAccess) => T | Promise<T>,
  ): Promise<T> {
    const cpu = await CpuAccess.begin(calls, this.#core, access, signal)
    const end = (): Promise<void> => calls.run(() => cpu.end())
    let result: T
    try {
      result = await use(
        calls.run(() => cpu.bytes),
        cpu,
      )
    } catch (error) {
      await drainAll([end], [error])
      throw error
    }
    await end()
    return result
  }

  /** The method `name` as an operation, with its arguments checked. */
  #operation(name: string, access: unknown, options: unknown, ends?: boolean): Operation {
    checkAccess(access)
    check.waitOptions('options', options)
    return this.#core.operation(`DmaBuf.${name}`, access, ends)
  }

  /** Maps the buffer without a CPU access: see `Mapping`. EINVAL, EACCES, ENOMEM. */
  map(options: MapOptions = {}): Mapping {
    const calls = Calls.from(this.sys, this.map)
    check.optionsOf('options', options, ['access', 'offset', 'length'])
    const { access = 'read-write', offset = 0, length = Math.max(0, this.size - offset) } = options
    checkAccess(access)
    checkMapRange(options)
    const fd = this.requireFd('mmap')
    const address = mapFile(calls, fd, { offset, length }, protectionOf(access))
    return new Mapping(this.sys, { address, length, epoch: () => this.#core.epoch })
  }

  /** May sleep. Only the ioctl: SYNC with START. Nothing ends it but `endCpuAccess`. */
  startCpuAccess(access: CpuAccessKind, options: AbortOptions = {}): Promise<void> {
    const calls = Calls.passing(this.sys, this.startCpuAccess)
    const begin = (): Operation => this.#operation('startCpuAccess', access, options)
    return calls.operation(begin, () => this.#core.sync(calls, syncFlags(access), options.signal))
  }

  /** May sleep. Only the ioctl: SYNC with END. The kernel does not count: any number is accepted. */
  endCpuAccess(access: CpuAccessKind, options: AbortOptions = {}): Promise<void> {
    const calls = Calls.passing(this.sys, this.endCpuAccess)
    const begin = (): Operation => this.#operation('endCpuAccess', access, options, true)
    return calls.operation(begin, () =>
      this.#core.sync(calls, syncFlags(access) | DMA_BUF_SYNC_END, options.signal),
    )
  }

  /** May sleep. Only the ioctl: SYNC with `flags` as they are. EINVAL for unknown or no access. */
  sync(flags: number, options: AbortOptions = {}): Promise<void> {
    const calls = Calls.passing(this.sys, this.sync)
    const begin = (): Operation => {
      check.integer('flags', flags)
      return this.#operation('sync', accessOf(flags), options, isEnd(flags))
    }
    return calls.operation(begin, () => this.#core.sync(calls, flags, options.signal))
  }

  /**
   * May sleep. A sync file of the fences that an `access` has to wait for, as they are now: signalled
   * already where there are none. EMFILE, ENOMEM.
   */
  async exportSyncFile(access: CpuAccessKind): Promise<SyncFile> {
    const calls = Calls.from(this.sys, this.exportSyncFile)
    checkAccess(access)
    return await exportSyncFile(calls, this.requireFd('DMA_BUF_IOCTL_EXPORT_SYNC_FILE'), access)
  }

  /**
   * May sleep. Makes every later user of the buffer wait for `file`, as for an `access` that ends when it
   * is signalled: after `write` readers and writers, after `read` only writers. ENOMEM.
   */
  async importSyncFile(access: CpuAccessKind, file: SyncFile): Promise<void> {
    const calls = Calls.from(this.sys, this.importSyncFile)
    checkAccess(access)
    checkSyncFile('file', file)
    await importSyncFile(calls, this.requireFd('DMA_BUF_IOCTL_IMPORT_SYNC_FILE'), access, file)
  }

  /**
   * May sleep. Whether a device's work keeps from an `access` now: `read` waits for writers, `write` and `read-write`
   * for readers too. The fences of the buffer say so, as with `poll` on its descriptor: POLLIN and POLLOUT.
   */
  async isIdle(access: CpuAccessKind): Promise<boolean> {
    const calls = Calls.from(this.sys, this.isIdle)
    checkAccess(access)
    return await areReady(calls, this.#polledFor(access))
  }

  /**
   * May sleep, until `isIdle`. ETIME when `timeout` is over before. It orders and does not sync: the CPU reads after
   * `startCpuAccess`, which waits by itself.
   */
  async idle(access: CpuAccessKind, options: FenceWaitOptions = {}): Promise<void> {
    const calls = Calls.from(this.sys, this.idle)
    checkAccess(access)
    checkFenceWait(options)
    await waitForFences(
      calls,
      this.#polledFor(access),
      options,
      (timeout) =>
        `the buffer was still in use after ${timeout} ns: exportSyncFile('${access}') lists its fences`,
    )
  }

  #polledFor(access: CpuAccessKind): FencePoll {
    const events = syncFlags(access) === DMA_BUF_SYNC_READ ? POLLIN : POLLOUT
    return { fd: () => this.requireFd('poll'), events }
  }

  /** May sleep. Names the buffer in debugfs and fdinfo. EINVAL above 31 bytes of UTF-8. */
  async setName(name: string): Promise<void> {
    const calls = Calls.passing(this.sys, this.setName)
    check.text('name', name)
    const text = new TextEncoder().encode(name)
    const bytes = new Uint8Array(Math.max(DMA_BUF_NAME_LEN, text.length + 1))
    bytes.set(text)
    const fd = this.requireFd('DMA_BUF_SET_NAME_B')
    await calls.ioctl(fd, DMA_BUF_SET_NAME_B, plainArg(bytes), {
      why: () => ({ EINVAL: `'${name}' has ${text.length} bytes; 31 are allowed: shorten it` }),
    })
  }
}

function duplicate(calls: Calls, fd: number): number {
  return calls.call('fcntl', () => calls.sys.fcntl(fd, F_DUPFD_CLOEXEC, 0), {
    fd,
    why: () => ({ EMFILE: 'too many descriptors are open: close buffers' }),
  })
}

/**
 * The size that `lseek` returns. A dma-buf refuses to seek relative to the current offset, which every
 * other file either does, and does not move by 0, or answers with ESPIPE.
 */
function probeSize(calls: Calls, fd: number): number {
  const seek = (whence: number): number => calls.run(() => calls.sys.lseek(fd, 0, whence))
  const current = seek(SEEK_CUR)
  const other = current >= 0 || current === -errno.ESPIPE
  const size = current === -errno.EINVAL ? seek(SEEK_END) : current
  return succeed('lseek', other ? -errno.EINVAL : size, {
    fd,
    why: () => ({
      EBADF: `${fd} is not open: pass the descriptor before it is closed, or a dup of it`,
      EINVAL: `${fd} is not a dma-buf: get one from a heap, EXPBUF, PRIME or another process`,
    }),
  })
}
