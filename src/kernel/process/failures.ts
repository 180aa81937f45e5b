import type { ErrnoCode } from '../../abi/errno.ts'
import { errno } from '../../abi/errno.ts'
import type { Choices } from '../../machine/choices.ts'
import { FAULT_PLACES, type FaultPoints, type PlannedFault } from '../../machine/fault-points.ts'
import * as check from '../../syscalls/arguments.ts'
import { requestName, requestNumber } from '../../syscalls/requests/index.ts'
import { syscallNames } from '../../syscalls/table.ts'
import { canFail, usualError } from './usual-error.ts'

/** A failure as `SimKernel.fail` plans it. */
export interface PlannedFailure {
  readonly call: string
  /** The first is 1. */
  readonly nth: number
  readonly code: ErrnoCode
}

/** How `requestName` writes a request that it does not know: a driver's own. */
const UNKNOWN_REQUEST = /^0x[0-9a-f]+$/

/** Planned failures of calls: they drive every unwind path of a program. */
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
    checkCall(call)
    check.integer('nth', nth, 1)
    checkCode(code)
    this.#points.plan(call, nth, code)
  }

  /** How often each call was made so far. */
  get counts(): ReadonlyMap<string, number> {
    return this.#points.counts
  }

  /** Failures that were planned for calls which were not made so far. */
  get notReached(): PlannedFailure[] {
    return this.#points.notReached.map(failureOf)
  }

  /** From here on every call and place that can fail is a choice. Undefined: no longer. */
  choose(choices: Choices | undefined): void {
    this.#points.choose(choices && { choices, codeOf })
  }

  /** Failures that were chosen so far. */
  get chosen(): PlannedFailure[] {
    return this.#points.chosen.map(failureOf)
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

function failureOf({ name, nth, code }: PlannedFault): PlannedFailure {
  return { call: name, nth, code: code as ErrnoCode }
}

/**
 * Chosen failures of SYNC and of the exporter's end of an access. A program can answer an END that was interrupted, by
 * another END; after one that fails for good it cannot give the buffer back in order. `begin_cpu_access` is the START
 * that fails for good.
 */
const RESTARTED: readonly string[] = ['DMA_BUF_IOCTL_SYNC', 'end_cpu_access']

function codeOf(call: string): ErrnoCode | undefined {
  if (RESTARTED.includes(call)) return 'EINTR'
  return canFail(call) ? usualError(call) : undefined
}

function checkCode(code: unknown): void {
  check.text('code', code)
  if (Object.hasOwn(errno, code)) return
  throw check.wrongValue('code', "must be the name of an error number, such as 'ENOMEM'", code)
}

function checkCall(call: unknown): void {
  check.text('call', call)
  if (syscallNames.includes(call) || FAULT_PLACES.includes(call) || UNKNOWN_REQUEST.test(call))
    return
  if (requestNumber(call) !== undefined) return
  const places = [...syscallNames, ...FAULT_PLACES].join(', ')
  throw check.wrongValue('call', `must be a request such as VIDIOC_QBUF, or one of ${places}`, call)
}
