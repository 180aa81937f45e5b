import type { FaultPoints } from '../machine/fault-points.ts'
import type { ErrnoCode } from '../uapi/errno.ts'
import { errno } from '../uapi/errno.ts'
import { requestName } from '../uapi/requests.ts'

/** Calls that somebody wants to fail: how every unwind path of a program is driven. */
export class Failures {
  readonly #points: FaultPoints

  constructor(points: FaultPoints) {
    this.#points = points
  }

  /**
   * Makes the `nth` call named `call` (the first is 1) fail with `code`, before it does anything. A
   * name is that of a function of the waist, as `mmap`, or an ioctl's, as DMA_BUF_IOCTL_SYNC.
   */
  plan(call: string, nth: number, code: ErrnoCode): void {
    this.#points.plan(call, nth, code)
  }

  /** How often each call was made so far. */
  get counts(): ReadonlyMap<string, number> {
    return this.#points.counts
  }

  /** Counts the call; the negative errno that it shall return, if one was planned. */
  next(call: string): number | undefined {
    const code = this.#points.next(call)
    return code === undefined ? undefined : -errno[code as ErrnoCode]
  }

  nextIoctl(request: number): number | undefined {
    return this.next(requestName(request))
  }
}
