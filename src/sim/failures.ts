import type { ErrnoCode } from '../uapi/errno.ts'
import { errno } from '../uapi/errno.ts'
import { requestName } from '../uapi/requests.ts'

interface Planned {
  readonly nth: number
  readonly code: ErrnoCode
}

/** Calls that somebody wants to fail: how every unwind path of a program is driven. */
export class Failures {
  readonly #planned = new Map<string, Planned[]>()
  readonly #counts = new Map<string, number>()

  /**
   * Makes the `nth` call named `call` (the first is 1) fail with `code`, before it does anything. A
   * name is that of a function of the waist, as `mmap`, or an ioctl's, as DMA_BUF_IOCTL_SYNC.
   */
  plan(call: string, nth: number, code: ErrnoCode): void {
    const planned = this.#planned.get(call) ?? []
    planned.push({ nth, code })
    this.#planned.set(call, planned)
  }

  /** How often each call was made so far. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts
  }

  /** Counts the call; the negative errno that it shall return, if one was planned. */
  next(call: string): number | undefined {
    const count = (this.#counts.get(call) ?? 0) + 1
    this.#counts.set(call, count)
    const planned = this.#planned.get(call)?.find(({ nth }) => nth === count)
    return planned === undefined ? undefined : -errno[planned.code]
  }

  nextIoctl(request: number): number | undefined {
    return this.next(requestName(request))
  }
}
