import { errno } from '../uapi/errno.ts'
import { O_CLOEXEC } from '../uapi/fcntl.ts'
import type { PollFd } from '../uapi/syscalls.ts'
import type { PollHandle } from './koffi.ts'
import type { Libc } from './libc.ts'
import { ownDescriptor } from './own-descriptor.ts'

const EPOLL_CTL_ADD = 1
const EPOLL_CTL_DEL = 2
const EPOLL_CTL_MOD = 3
/** One event, and then silence until EPOLL_CTL_MOD. */
const EPOLLONESHOT = 1 << 30
/** `struct epoll_event` is packed on x86 alone. Source: include/uapi/linux/eventpoll.h. */
const EVENT =
  process.arch === 'x64' || process.arch === 'ia32' ? { size: 12, data: 4 } : { size: 16, data: 8 }
const EVENTS_AT_ONCE = 64
const POLLFD_SIZE = 8
/** What a timer can hold: 24 days. */
const LONGEST = 2 ** 31 - 1

/** `nanoseconds` for a timer, rounded up so that nothing ends early. Never sleeps. */
export function milliseconds(nanoseconds: number): number {
  return Math.min(Math.ceil(nanoseconds / 1e6), LONGEST)
}

/** One call of poll that waits. */
interface Waiter {
  readonly id: number
  /** The caller's entries, which get the result. */
  readonly entries: readonly PollFd[]
  /** Descriptors of our own for the same open files, by entry; -1 where poll ignores it. */
  readonly files: number[]
  finish(result: number): void
}

/**
 * Waits for descriptors without stopping the event loop: one epoll instance holds everything that
 * anybody waits for, and the thread that waits in it is the event loop's own, which watches the
 * instance as it watches a socket. So there is nothing to start, to wake or to end.
 *
 * While nothing waits it does not keep the process alive. Like poll(2), a wait holds the open file
 * and not the number: closing the descriptor meanwhile, or reusing it, changes nothing for the wait.
 */
export class Poller {
  readonly #libc: Libc
  readonly #waiters = new Map<number, Waiter>()
  readonly #events = new Uint8Array(EVENT.size * EVENTS_AT_ONCE)
  /** `struct pollfd` of the one descriptor that most questions are about. */
  readonly #one = new DataView(new ArrayBuffer(POLLFD_SIZE))
  readonly #oneBytes = new Uint8Array(this.#one.buffer)
  #epoll = -1
  #handle: PollHandle | undefined
  #latest = 0

  constructor(libc: Libc) {
    this.#libc = libc
  }

  /** poll(2) with no time to wait: how many of `entries` are ready, with their `revents` written. */
  now(entries: readonly PollFd[]): number {
    return this.#pollNow(
      entries,
      entries.map(({ fd }) => fd),
    )
  }

  /** As `now`, for one descriptor: the events that are ready, or a negative errno. */
  ready(fd: number, events: number): number {
    this.#one.setInt32(0, fd, true)
    this.#one.setInt32(4, events & 0xffff, true)
    const result = this.#libc.poll(this.#oneBytes, 1)
    return result <= 0 ? result : this.#one.getUint16(6, true)
  }

  /**
   * May sleep, `timeout` nanoseconds at most (-1: for ever). As poll(2); EINTR when `signal` aborts,
   * ENOMEM where no descriptor is left to wait with.
   */
  async poll(
    entries: readonly PollFd[],
    timeout: number,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    const ready = this.now(entries)
    if (ready !== 0 || timeout === 0) return ready
    if (signal?.aborted === true) return -errno.EINTR
    return await this.#wait(entries, timeout, signal)
  }

  /** Lets go of the epoll instance; whoever waits gets EINTR. */
  close(): void {
    for (const waiter of [...this.#waiters.values()]) waiter.finish(-errno.EINTR)
    this.#handle?.close()
    this.#handle = undefined
    if (this.#epoll >= 0) this.#libc.close(this.#epoll)
    this.#epoll = -1
  }

  #wait(
    entries: readonly PollFd[],
    timeout: number,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    const started = this.#start()
    if (started < 0) return Promise.resolve(started)
    return new Promise((resolve) => {
      const onAbort = (): void => waiter.finish(-errno.EINTR)
      const timer = timeout < 0 ? undefined : setTimeout(onTimeout, milliseconds(timeout))
      function onTimeout(): void {
        for (const entry of entries) entry.revents = 0
        waiter.finish(0)
      }
      const waiter: Waiter = {
        id: this.#nextId(),
        entries,
        files: [],
        finish: (result) => {
          clearTimeout(timer)
          signal?.removeEventListener('abort', onAbort)
          this.#remove(waiter)
          resolve(result)
        },
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#add(waiter)
    })
  }

  #nextId(): number {
    do this.#latest = (this.#latest + 1) >>> 0
    while (this.#waiters.has(this.#latest))
    return this.#latest
  }

  #start(): number {
    if (this.#epoll < 0) {
      const epoll = this.#libc.epollCreate(O_CLOEXEC)
      if (epoll < 0) return -errno.ENOMEM
      this.#epoll = epoll
      // The callback has no task's scope of its own, in which promises would go on.
      const soon = (): unknown => setImmediate(() => this.#dispatch())
      this.#handle = this.#libc.koffi.node.poll(epoll, { readable: true }, soon)
    }
    if (this.#waiters.size === 0) this.#handle?.ref()
    return 0
  }

  #add(waiter: Waiter): void {
    this.#waiters.set(waiter.id, waiter)
    for (const { fd } of waiter.entries) {
      const file = fd < 0 ? -1 : ownDescriptor(this.#libc, fd)
      if (fd >= 0 && file < 0) {
        waiter.finish(-errno.ENOMEM)
        return
      }
      waiter.files.push(file)
    }
    this.#arm(waiter, EPOLL_CTL_ADD)
  }

  #arm(waiter: Waiter, operation: number): void {
    const event = new Uint8Array(EVENT.size)
    const data = new DataView(event.buffer)
    data.setUint32(EVENT.data, waiter.id, true)
    waiter.entries.forEach(({ events }, i) => {
      const file = waiter.files[i] ?? -1
      if (file < 0) return
      data.setUint32(0, (events & 0xffff) | EPOLLONESHOT, true)
      this.#libc.epollControl(this.#epoll, operation, file, event)
    })
  }

  #remove(waiter: Waiter): void {
    this.#waiters.delete(waiter.id)
    for (const file of waiter.files.splice(0)) {
      if (file < 0) continue
      this.#libc.epollControl(this.#epoll, EPOLL_CTL_DEL, file, this.#events)
      this.#libc.close(file)
    }
    if (this.#waiters.size === 0) this.#handle?.unref()
  }

  #dispatch(): void {
    if (this.#epoll < 0) return
    const count = this.#libc.epollWait(this.#epoll, this.#events, EVENTS_AT_ONCE)
    const data = new DataView(this.#events.buffer)
    const ids = new Set<number>()
    for (let i = 0; i < count; i++) ids.add(data.getUint32(i * EVENT.size + EVENT.data, true))
    for (const id of ids) this.#look(id)
  }

  /** Events are hints: poll decides, and where it sees nothing the wait goes on. */
  #look(id: number): void {
    const waiter = this.#waiters.get(id)
    if (waiter === undefined) return
    const ready = this.#pollNow(waiter.entries, waiter.files)
    if (ready === 0) this.#arm(waiter, EPOLL_CTL_MOD)
    else waiter.finish(ready)
  }

  #pollNow(entries: readonly PollFd[], files: readonly number[]): number {
    const bytes = new Uint8Array(Math.max(1, entries.length) * POLLFD_SIZE)
    const data = new DataView(bytes.buffer)
    entries.forEach(({ events }, i) => {
      data.setInt32(i * POLLFD_SIZE, files[i] ?? -1, true)
      data.setInt16(i * POLLFD_SIZE + 4, events, true)
    })
    const ready = this.#libc.poll(bytes, entries.length)
    entries.forEach((entry, i) => {
      entry.revents = data.getUint16(i * POLLFD_SIZE + 6, true)
    })
    return ready
  }
}
