import { errno } from '../abi/errno.ts'
import { VIDIOC_STREAMOFF } from '../abi/v4l2.ts'
import type { IoctlArg } from '../syscalls/ioctl-arg.ts'
import type { Origin } from '../syscalls/origin.ts'
import { newDescriptor, requestName, waitingOf } from '../syscalls/requests/index.ts'
import type { DeviceWait, FenceWait } from '../syscalls/requests/request.ts'
import type { WaitOptions } from '../syscalls/syscalls.ts'
import { holdDescriptors } from './argument-descriptors.ts'
import { BusyDevices } from './busy-devices.ts'
import { isDmaBuf } from './dma-buf-file.ts'
import { copyArgument, copyBack, writeAddresses } from './ioctl-memory.ts'
import { Lane } from './lane.ts'
import type { Ledger } from './ledger.ts'
import type { Libc } from './libc.ts'
import type { Memory } from './memory.ts'
import { isNonblocking, nonblocking } from './nonblocking.ts'
import { ownDescriptor } from './own-descriptor.ts'
import type { Poller } from './poller.ts'
import { isSameFile } from './same-file.ts'

/** How many files are remembered as fenced, before that is forgotten and learned again. */
const MANY_FILES = 4096
/** How many of Node's four shared threads requests without a known end may take. */
const UNKNOWN_AT_ONCE = 2

/** The parts of an `Ioctls`. */
export interface IoctlParts {
  readonly libc: Libc
  readonly memory: Memory
  readonly poller: Poller
  readonly ledger: Ledger
  /** The line of the program that makes the request. */
  origin(): Origin | undefined
}

/** One request: the caller's, or the same on memory and a descriptor that nothing else has. */
interface Asked {
  readonly fd: number
  readonly request: number
  readonly argument: IoctlArg
  /** Where the program made it, once that was captured. */
  readonly origin?: Origin | undefined
}

/**
 * The ioctls of a process. None stops the event loop (see `waitingOf`), and each acts on the file that
 * was open at the call: a call that waits does so on a duplicate descriptor of that file, so
 * closing or reusing the program's descriptor meanwhile changes nothing.
 *
 * Aborting ends a wait. A call that the kernel has begun on another thread runs to its end: its effects
 * have happened, so its result is returned.
 */
export class Ioctls {
  readonly #libc: Libc
  readonly #memory: Memory
  readonly #poller: Poller
  readonly #ledger: Ledger
  readonly #origin: () => Origin | undefined
  readonly #busy = new BusyDevices((fd) => this.#libc.fileOf(fd))
  readonly #unknown = new Lane(UNKNOWN_AT_ONCE)
  /** Files on which a fence was seen: more fences may be added at any time. */
  readonly #fenced = new Set<string>()
  /** Own descriptors of the files that a request waits for. */
  readonly #dequeuing = new Set<number>()

  constructor({ libc, memory, poller, ledger, origin }: IoctlParts) {
    this.#libc = libc
    this.#memory = memory
    this.#poller = poller
    this.#ledger = ledger
    this.#origin = origin
  }

  /** May sleep. As ioctl(2); EINTR when aborted, ENOMEM where no descriptor is left to wait with. */
  async call(asked: Asked, { signal }: WaitOptions = {}): Promise<number> {
    const waiting = waitingOf(asked.request, asked.argument.bytes)
    if (waiting === 'now') return this.#isBusy(asked) ? this.#long(asked) : this.#now(asked)
    if (signal?.aborted === true) return -errno.EINTR
    if (waiting === 'later') return await this.#long(asked)
    if (waiting === 'unknown') return await this.#withoutEnd(asked, signal)
    if (waiting.until === 'fences') return await this.#start(asked, waiting, signal)
    return await this.#dequeue(asked, waiting, signal)
  }

  #isBusy({ fd }: Asked): boolean {
    return this.#busy.has(fd)
  }

  /** In place: between here and the kernel there is this thread alone. */
  #now({ fd, request, argument, origin }: Asked): number {
    const { copies } = this.#memory
    const file = copies.active ? copies.before(fd, request) : undefined
    const takeOut = writeAddresses(request, argument, this.#libc.address)
    const result = this.#libc.ioctl(fd, request, argument.bytes)
    takeOut?.()
    if (copies.active) copies.after(file, argument.bytes, result)
    return this.#answer(request, argument, result, origin)
  }

  /** May sleep. `#now`, on another thread. */
  async #onThread({ fd, request, argument, origin }: Asked): Promise<number> {
    const { copies } = this.#memory
    const file = copies.active ? copies.before(fd, request) : undefined
    const takeOut = writeAddresses(request, argument, this.#libc.address)
    const result = await this.#libc.ioctlLater(fd, request, argument.bytes)
    takeOut?.()
    if (copies.active) copies.after(file, argument.bytes, result)
    return this.#answer(request, argument, result, origin)
  }

  /**
   * May sleep. Calls `make` with a private descriptor and a private copy of the argument, and copies the
   * kernel's results to the argument. `undefined` if no descriptor is left.
   */
  async #held(
    asked: Asked,
    make: (held: Asked) => Promise<number>,
    isUnknown = false,
  ): Promise<number | undefined> {
    const origin = this.#origin()
    const fd = ownDescriptor(this.#libc, asked.fd)
    if (fd < 0) return fd === -errno.EBADF ? fd : undefined
    const argument = copyArgument(asked.argument, isUnknown)
    const takeOut = holdDescriptors(this.#libc, asked.request, argument.bytes)
    try {
      return await make({ fd, request: asked.request, argument, origin })
    } finally {
      takeOut()
      copyBack(asked.argument, argument)
      this.#libc.close(fd)
    }
  }

  /** May sleep. On another thread; without a free descriptor in place, so that cleaning up goes on. */
  async #long(asked: Asked): Promise<number> {
    const result = await this.#held(asked, async (held) => {
      const made = this.#onThread(held)
      this.#busy.note(held.fd, made)
      return await made
    })
    // Waits on the stream look before the program can free its queue: poll on a queue without buffers
    // would start the emulation of read().
    if (asked.request === VIDIOC_STREAMOFF) this.#poller.lookAtAll()
    return result ?? this.#now(asked)
  }

  /** May sleep. A few at a time, so that threads are left for others if these never come back. */
  async #withoutEnd(asked: Asked, signal: AbortSignal | undefined): Promise<number> {
    const make = async (held: Asked): Promise<number> =>
      (await this.#unknown.run(() => this.#onThread(held), signal)) ?? -errno.EINTR
    return (await this.#held(asked, make, true)) ?? -errno.ENOMEM
  }

  /**
   * May sleep, until no fence is in the way. No system call both asks and begins: a file on which no
   * fence was ever seen is trusted for the instant between poll and the request; on any other the
   * request is made on another thread.
   */
  async #start(
    asked: Asked,
    { events }: FenceWait,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    const isReady = this.#poller.ready(asked.fd, events) !== 0
    if ((isReady && !this.#isFenced(asked)) || !isDmaBuf(this.#libc, asked.fd)) {
      return this.#now(asked)
    }
    const result = await this.#held(asked, async (held) => {
      this.#noteFenced(held)
      const waited = await this.#untilReady(held.fd, events, signal)
      return waited < 0 ? waited : await this.#onThread(held)
    })
    return result ?? -errno.ENOMEM
  }

  /** May sleep. Asks again after each wait: the program may have put a new fence there meanwhile. */
  async #untilReady(fd: number, events: number, signal: AbortSignal | undefined): Promise<number> {
    while (this.#poller.ready(fd, events) === 0) {
      const waited = await this.#poller.poll([{ fd, events, revents: 0 }], -1, signal)
      if (waited < 0) return waited
    }
    return 0
  }

  #isFenced({ fd }: Asked): boolean {
    return this.#fenced.size > 0 && this.#fenced.has(this.#libc.fileOf(fd) ?? '')
  }

  #noteFenced({ fd }: Asked): void {
    if (this.#fenced.size >= MANY_FILES) this.#fenced.clear()
    const key = this.#libc.fileOf(fd)
    if (key !== undefined) this.#fenced.add(key)
  }

  /** May sleep, unless the descriptor has O_NONBLOCK, until the device has something. */
  async #dequeue(asked: Asked, wait: DeviceWait, signal: AbortSignal | undefined): Promise<number> {
    if (isNonblocking(this.#libc, asked.fd)) {
      return this.#isBusy(asked) ? await this.#long(asked) : this.#now(asked)
    }
    const first = this.#attempt(asked, wait)
    if (first !== undefined) return first
    const result = await this.#held(asked, async (held) => await this.#retry(held, wait, signal))
    return result ?? -errno.ENOMEM
  }

  async #retry(held: Asked, wait: DeviceWait, signal: AbortSignal | undefined): Promise<number> {
    const isQueue = wait.empty === -errno.EAGAIN
    if (this.#isBusy(held)) {
      await this.#busy.idle(held.fd)
      const first = this.#attempt(held, wait)
      if (first !== undefined) return first
    }
    if (isQueue) this.#dequeuing.add(held.fd)
    try {
      const again = (): number | undefined => this.#attempt(held, wait)
      return await this.#poller.retry(held.fd, wait.events, again, signal)
    } finally {
      this.#dequeuing.delete(held.fd)
    }
  }

  /** Without sleeping; `undefined` where it would, or where the device is busy and it has to be made later. */
  #attempt(asked: Asked, { empty }: DeviceWait): number | undefined {
    if (this.#isBusy(asked)) {
      void this.#busy.idle(asked.fd).then(() => this.#poller.lookAtAll())
      return undefined
    }
    if (empty === -errno.EAGAIN && this.#isTaken(asked)) return -errno.EBUSY
    const result = nonblocking(this.#libc, asked.fd, () => this.#now(asked))
    return result === empty ? undefined : result
  }

  /** Whether another call sleeps in DQBUF: one at a time may. Source: __vb2_wait_for_done_vb. */
  #isTaken({ fd }: Asked): boolean {
    return [...this.#dequeuing].some((file) => file !== fd && isSameFile(this.#libc, file, fd))
  }

  #answer(request: number, { bytes }: IoctlArg, result: number, origin?: Origin): number {
    const fd = newDescriptor(request, bytes, result)
    if (fd !== undefined) {
      this.#ledger.fdMade(fd, requestName(request), origin ?? this.#origin())
    }
    return result
  }
}
