import { O_CLOEXEC } from '../abi/fcntl.ts'
import type { PollHandle } from './koffi.ts'
import type { Libc } from './libc.ts'
import { LONGEST } from './milliseconds.ts'

export const EPOLL_CTL_ADD = 1
const EPOLL_CTL_DEL = 2
export const EPOLL_CTL_MOD = 3
/** One event, and then silence until EPOLL_CTL_MOD. */
export const EPOLLONESHOT: number = 2 ** 30
/** An event for each time that something happens, however long its cause lasts. */
export const EPOLLET: number = 2 ** 31
/** `struct epoll_event` is packed on x86 alone. Source: include/uapi/linux/eventpoll.h. */
const EVENT =
  process.arch === 'x64' || process.arch === 'ia32' ? { size: 12, data: 4 } : { size: 16, data: 8 }
const EVENTS_AT_ONCE = 64

let ofThisThread: Epoll | undefined

/**
 * The one epoll instance of a thread, with every descriptor that its kernels wait for. The event loop
 * watches the instance as it watches a socket: there is no thread to start, to wake or to end. While nothing is registered it does not keep the process alive.
 *
 * It is made when a kernel is opened and stays: a thread that is terminated just while it makes or
 * changes such a watch ends the process, because the library takes the failure for a fatal one.
 */
export class Epoll {
  readonly #libc: Libc
  readonly #fd: number
  readonly #handle: PollHandle
  readonly #events = new Uint8Array(EVENT.size * EVENTS_AT_ONCE)
  /** The callbacks, by the number that the kernel returns with an event. */
  readonly #looks = new Map<number, () => void>()
  /** A timer, because the watch can only be changed by methods of the library. */
  #aliveFor: NodeJS.Timeout | undefined
  #latest = 0

  /** The instance of this thread; `undefined` where no descriptor is left for it. */
  static ofThread(libc: Libc): Epoll | undefined {
    if (ofThisThread !== undefined) return ofThisThread
    const fd = libc.epollCreate(O_CLOEXEC)
    if (fd < 0) return undefined
    ofThisThread = new Epoll(libc, fd)
    return ofThisThread
  }

  private constructor(libc: Libc, fd: number) {
    this.#libc = libc
    this.#fd = fd
    // The callback runs outside of any task's scope, so promises would continue outside of it too.
    const soon = (): unknown => setImmediate(() => this.#dispatch())
    this.#handle = libc.koffi.node.poll(fd, { readable: true }, soon)
    this.#handle.unref()
    process.once('exit', () => this.#close())
  }

  /** Lets `look` be called when something happened to the files that are added under the number returned. */
  register(look: () => void): number {
    do this.#latest = (this.#latest + 1) >>> 0
    while (this.#looks.has(this.#latest))
    this.#looks.set(this.#latest, look)
    this.#aliveFor ??= setInterval(() => {}, LONGEST)
    return this.#latest
  }

  /** Adds `file` under the number `id`, or arms it again (EPOLL_CTL_MOD). A negative errno. */
  watch(operation: number, file: number, events: number, id: number): number {
    const event = new Uint8Array(EVENT.size)
    const data = new DataView(event.buffer)
    data.setUint32(0, events, true)
    data.setUint32(EVENT.data, id, true)
    return this.#libc.epollControl(this.#fd, operation, file, event)
  }

  /** Takes `id` and its files back; the files stay open. */
  forget(id: number, files: readonly number[]): void {
    for (const file of files) {
      this.#libc.epollControl(this.#fd, EPOLL_CTL_DEL, file, this.#events)
    }
    this.#looks.delete(id)
    if (this.#looks.size > 0) return
    clearInterval(this.#aliveFor)
    this.#aliveFor = undefined
  }

  #dispatch(): void {
    const count = this.#libc.epollWait(this.#fd, this.#events, EVENTS_AT_ONCE)
    const data = new DataView(this.#events.buffer)
    const ids = new Set<number>()
    for (let i = 0; i < count; i++) ids.add(data.getUint32(i * EVENT.size + EVENT.data, true))
    for (const id of ids) this.#looks.get(id)?.()
  }

  #close(): void {
    ofThisThread = undefined
    this.#handle.close()
    this.#libc.close(this.#fd)
  }
}
