import { errno } from '../abi/errno.ts'
import { onceAborted } from '../events/once-aborted.ts'
import type { PollFd } from '../syscalls/syscalls.ts'
import { EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLLET, EPOLLONESHOT, Epoll } from './epoll.ts'
import type { Libc } from './libc.ts'
import { milliseconds } from './milliseconds.ts'
import { ownDescriptor } from './own-descriptor.ts'

const POLLFD_SIZE = 8

/** One call that waits. */
interface Waiter {
  readonly epoll: Epoll
  readonly id: number
  /** Descriptors of our own for the open files that are watched; -1 where poll ignores the entry. */
  readonly files: number[]
  /** There may be something: looks, and either finishes or goes on waiting. */
  look(): void
  finish(result: number): void
}

/** The callbacks of a waiter. */
interface WaiterParts {
  /** Nanoseconds, -1 for ever. */
  readonly timeout: number
  readonly signal: AbortSignal | undefined
  /** Begins to watch. A negative errno where that fails. */
  watch(waiter: Waiter): number
  look(waiter: Waiter): void
  /** The time is over. */
  onTimeout?(): void
}

/**
 * Waits for descriptors without stopping the event loop: see `Epoll`. Like poll(2), a wait holds the
 * open file and not the number: closing the descriptor meanwhile, or reusing it, changes nothing for it.
 */
export class Poller {
  readonly #libc: Libc
  readonly #waiters = new Set<Waiter>()
  /** `struct pollfd` of the one descriptor that most questions are about. */
  readonly #one = new DataView(new ArrayBuffer(POLLFD_SIZE))
  readonly #oneBytes = new Uint8Array(this.#one.buffer)

  constructor(libc: Libc) {
    this.#libc = libc
    Epoll.ofThread(libc)
  }

  /** How many calls wait. */
  get count(): number {
    return this.#waiters.size
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
    return await this.#wait({
      timeout,
      signal,
      watch: (waiter) => this.#watchAll(waiter, entries),
      // Events are hints: poll decides, and where it sees nothing the wait goes on.
      look: (waiter) => {
        const found = this.#pollNow(entries, waiter.files)
        if (found === 0) arm(waiter, entries, EPOLL_CTL_MOD)
        else waiter.finish(found)
      },
      onTimeout: () => {
        for (const entry of entries) entry.revents = 0
      },
    })
  }

  /**
   * May sleep. Calls `attempt` each time that something happened at `file` which might bring `events`,
   * until it returns a number, and resolves with that. EINTR when `signal` aborts. Unlike `poll` it does
   * not take an event that lasts, such as POLLERR, for the one that is waited for.
   */
  retry(
    file: number,
    events: number,
    attempt: () => number | undefined,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    return this.#wait({
      timeout: -1,
      signal,
      watch: ({ epoll, id, files }) => {
        const own = ownDescriptor(this.#libc, file)
        if (own < 0) return -errno.ENOMEM
        files.push(own)
        return epoll.watch(EPOLL_CTL_ADD, own, events + EPOLLET, id)
      },
      look: (waiter) => {
        const result = attempt()
        if (result !== undefined) waiter.finish(result)
      },
    })
  }

  /** Every wait checks its condition at once, in case its event cannot come any more. */
  lookAtAll(): void {
    for (const waiter of [...this.#waiters]) if (this.#waiters.has(waiter)) waiter.look()
  }

  /** Ends every wait with EINTR. */
  close(): void {
    for (const waiter of [...this.#waiters]) waiter.finish(-errno.EINTR)
  }

  #wait(parts: WaiterParts): Promise<number> {
    const epoll = Epoll.ofThread(this.#libc)
    if (epoll === undefined) return Promise.resolve(-errno.ENOMEM)
    return new Promise((resolve) => {
      const { timeout, signal } = parts
      const onAbort = (): void => waiter.finish(-errno.EINTR)
      const onTimeout = (): void => {
        parts.onTimeout?.()
        waiter.finish(0)
      }
      const timer = timeout < 0 ? undefined : setTimeout(onTimeout, milliseconds(timeout))
      const stopListening = onceAborted(signal, onAbort)
      const waiter: Waiter = {
        epoll,
        id: epoll.register(() => waiter.look()),
        files: [],
        look: () => parts.look(waiter),
        finish: (result) => {
          clearTimeout(timer)
          stopListening()
          this.#remove(waiter)
          resolve(result)
        },
      }
      this.#waiters.add(waiter)
      const watching = parts.watch(waiter)
      if (watching < 0) waiter.finish(watching)
    })
  }

  #watchAll(waiter: Waiter, entries: readonly PollFd[]): number {
    for (const { fd } of entries) {
      const file = fd < 0 ? -1 : ownDescriptor(this.#libc, fd)
      if (fd >= 0 && file < 0) return -errno.ENOMEM
      waiter.files.push(file)
    }
    arm(waiter, entries, EPOLL_CTL_ADD)
    return 0
  }

  #remove(waiter: Waiter): void {
    this.#waiters.delete(waiter)
    const files = waiter.files.splice(0).filter((file) => file >= 0)
    waiter.epoll.forget(waiter.id, files)
    for (const file of files) this.#libc.close(file)
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

function arm({ epoll, id, files }: Waiter, entries: readonly PollFd[], operation: number): void {
  entries.forEach(({ events }, i) => {
    const file = files[i] ?? -1
    if (file >= 0) epoll.watch(operation, file, (events & 0xffff) + EPOLLONESHOT, id)
  })
}
