import { errno } from '../abi/errno.ts'
import { MAP_ANONYMOUS, MAP_PRIVATE, PAGE_SIZE, PROT_READ } from '../abi/fcntl.ts'
import type { EventId, NewEvent } from '../events/event.ts'
import { onceAborted } from '../events/once-aborted.ts'
import { CallScope } from '../syscalls/call-scope.ts'
import { guarded } from '../syscalls/guard.ts'
import { checkSleep, type Kernel } from '../syscalls/kernel.ts'
import type { Syscalls, WaitOptions } from '../syscalls/syscalls.ts'
import { type SystemError, systemError } from '../syscalls/system-error.ts'
import { watchedWhile } from '../syscalls/watching.ts'
import { tapOperations } from '../tap/operations.ts'
import { tap } from '../tap/tap.ts'
import { UserEvents } from '../tap/user-events/user-events.ts'
import { asTask, LinuxEvents, monotonic } from './events.ts'
import { reportAtExit } from './exit-report.ts'
import { ForeignArray } from './foreign-array.ts'
import { Ledger } from './ledger.ts'
import { type Libc, loadLibc } from './libc.ts'
import { Memory, type MemoryMode } from './memory.ts'
import { milliseconds } from './milliseconds.ts'
import { Poller } from './poller.ts'
import { LinuxProcess } from './process.ts'
import { switching } from './switching.ts'

/** How to use the kernel that this process runs on. */
export interface LinuxOptions {
  /**
   * How programs see mapped memory: `direct`, `copy`, or `auto` (the default), which is `copy` only
   * where the runtime refuses arrays over foreign memory, as Electron does. See `MemoryMode`.
   */
  readonly memory?: MemoryMode | 'auto' | undefined
  /** False: leaks are not reported on stderr when the process ends. */
  readonly reportForgotten?: boolean | undefined
}

/**
 * The Linux kernel that this process runs on: the same waist as the simulated one, by foreign function
 * calls. Throws an Error with the way out where there is no Linux, or koffi is not installed.
 *
 * It differs from the simulation because memory is real: an array over mapped memory (`direct`)
 * lives until its mapping goes and then reads as zeros, instead of ending with the CPU access; one over
 * a read-only mapping is a copy. `memory: 'copy'` ends views as the simulation does.
 */
export class LinuxKernel implements Kernel {
  readonly name = 'linux'
  readonly sys: Syscalls
  /** The events of programs on this kernel; calls emit events only while there is a listener. */
  readonly events: LinuxEvents
  readonly #memory: Memory
  readonly #poller: Poller
  readonly #ledger = new Ledger()
  readonly #stopReport: (() => void) | undefined

  constructor(options: LinuxOptions = {}) {
    const libc = loadLibc()
    const scope = new CallScope()
    this.#memory = new Memory({
      ...{ libc, scope, ledger: this.#ledger },
      mode: modeOf(libc, options.memory ?? 'auto'),
    })
    this.#poller = new Poller(libc)
    const own = new LinuxProcess({
      libc,
      memory: this.#memory,
      poller: this.#poller,
      ledger: this.#ledger,
      scope,
      outermost: () => this.sys,
    })
    const tell = (event: NewEvent): EventId => this.events.emit(event)
    const user = new UserEvents(own, tell)
    this.events = new LinuxEvents(scope, () => user.forget())
    const told = tap(user.sys, tell)
    const isWatched = (): boolean => this.events.isWatched
    this.sys = guarded(switching(own, told, isWatched), (fd) => libc.fileOf(fd))
    watchedWhile(this.sys, isWatched)
    tapOperations(this.sys, tell)
    if (options.reportForgotten !== false) {
      this.#stopReport = reportAtExit({ ledger: this.#ledger, isOpen: (fd) => own.isOpen(fd) })
    }
  }

  /** Whether programs see memory itself, or copies. */
  get memoryMode(): MemoryMode {
    return this.#memory.mode
  }

  /** The descriptors and mappings that this kernel's programs have open. */
  get held(): { readonly fds: readonly number[]; readonly mappings: number } {
    return { fds: this.#ledger.fds, mappings: this.#memory.count }
  }

  now(): number {
    return monotonic()
  }

  async sleep(nanoseconds: number, options: WaitOptions = {}): Promise<void> {
    checkSleep(nanoseconds, options)
    const end = monotonic() + nanoseconds
    // The host's timers may be up to a millisecond early.
    let left = nanoseconds
    do {
      if (!(await slept(milliseconds(left), options.signal))) throw interrupted(options.signal)
      left = end - monotonic()
    } while (left > 0)
  }

  spawn<T>(name: string, body: () => Promise<T>): Promise<T> {
    return asTask(name, body)
  }

  /**
   * The program has handed over `fd` to an owner that closes it, as `DmaBuf.release` does: it is not
   * reported as a leak.
   */
  disown(fd: number): void {
    this.#ledger.fdGone(fd)
  }

  /**
   * Releases the resources of the kernel object itself. Waiting calls end with EINTR; descriptors and
   * mappings of programs stay as they are, and are not reported any more.
   */
  close(): void {
    this.#poller.close()
    this.#memory.close()
    this.#stopReport?.()
  }
}

/** The kernel of this process: see `LinuxKernel`. */
export function openLinux(options: LinuxOptions = {}): LinuxKernel {
  return new LinuxKernel(options)
}

/** May sleep. Whether the time passed before `signal` aborted. */
function slept(time: number, signal: AbortSignal | undefined): Promise<boolean> {
  if (signal?.aborted === true) return Promise.resolve(false)
  return new Promise((resolve) => {
    const stopListening = onceAborted(signal, () => {
      clearTimeout(timer)
      resolve(false)
    })
    const timer = setTimeout(() => {
      stopListening()
      resolve(true)
    }, time)
  })
}

function interrupted(signal: AbortSignal | undefined): SystemError {
  const detail = 'the wait was aborted'
  return systemError({ errno: -errno.EINTR, syscall: 'sleep', detail, cause: signal?.reason })
}

function modeOf(libc: Libc, wanted: MemoryMode | 'auto'): MemoryMode {
  if (wanted !== 'auto') return wanted
  const page = libc.mmap(0, PAGE_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
  if (page < 0) return 'copy'
  try {
    const [array] = ForeignArray.over(libc, page, PAGE_SIZE)
    array.unmap(page, PAGE_SIZE)
    return 'direct'
  } catch {
    libc.munmap(page, PAGE_SIZE)
    return 'copy'
  }
}
