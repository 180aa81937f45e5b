import { MAY_SHRINK } from '../../base/may-shrink.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import type { CallScope } from '../../syscalls/call-scope.ts'
import type { ViewScope } from '../../syscalls/syscalls.ts'
import type { Backing } from './backing.ts'
import { checkedView, type ExactMemory } from './checked-view.ts'
import type { ProcessMemory } from './process-memory.ts'

const NOT_ONE_ARRAY =
  'the pages are not in order, so that they cannot be one array: use set, fill, copy and view, which work ' +
  'on any memory, or the bytes of a CPU access, which are gathered into one array'

/** EINVAL for a mapping of which the real kernel cannot show an array either. */
function requireShowable({ isPrivate, mayShrink }: Backing): void {
  if (isPrivate) {
    throw new KernelError('EINVAL', 'stores into a private mapping make copies: use load and store')
  }
  if (mayShrink) throw new KernelError('EINVAL', MAY_SHRINK)
}

/**
 * An array over mapped bytes, which lives as long as `scope` says: bytes of a CPU access only while
 * one is open. EFAULT where nothing is mapped; EINVAL where no single array can show the bytes.
 */
export function rawView(
  memory: ProcessMemory,
  address: number,
  length: number,
  scope: ViewScope,
): Uint8Array<ArrayBuffer> {
  const { backing, at, address: base } = memory.area(address, length)
  requireShowable(backing)
  const start = at + address - base
  const { brackets, mapping } = backing
  const live = liveScope(brackets?.isOpen, scope)
  const writeOnly = brackets?.writeOnly ?? false
  const handedOut = mapping.handOut(start, start + length, live, writeOnly)
  if (handedOut === undefined) {
    throw new KernelError('EINVAL', NOT_ONE_ARRAY)
  }
  if (live === 'bracket') brackets?.keep(mapping, handedOut)
  return handedOut.bytes
}

/** An array over `[address, address + length)`. */
export interface ViewRequest {
  readonly address: number
  readonly length: number
  readonly scope: ViewScope
}

/**
 * As `rawView`, but every access by the array is an exact one through `exact`, so that nothing about
 * it has to be presumed.
 */
export function exactView(
  memory: ProcessMemory,
  { address, length, scope }: ViewRequest,
  exact: Pick<ExactMemory, 'load' | 'store'>,
  calls: CallScope,
): Uint8Array<ArrayBuffer> {
  const { backing, at, address: base } = memory.area(address, length)
  requireShowable(backing)
  const { brackets, mapping } = backing
  const start = at + address - base
  /** The event that ended the CPU access in which it was taken. */
  let ended: number | undefined
  if (liveScope(brackets?.isOpen, scope) === 'bracket') {
    brackets?.whenEnded(() => {
      ended = mapping.nextEvent
    })
  }
  const isMapped = (): boolean => {
    const [area, more] = memory.space.covering(address, length)
    return area?.backing === backing && more === undefined
  }
  // An access by index is not a system call: its own line identifies it.
  const from = <T>(access: () => T): T => calls.run({ origin: calls.originOf(undefined) }, access)
  return checkedView(length, {
    load: (offset, target) => from(() => exact.load(address + offset, target)),
    store: (offset, source) => from(() => exact.store(address + offset, source)),
    isAlive: () => ended === undefined && isMapped(),
    touchedDead: (access, offset) =>
      mapping.touchedDead(access, start + offset, ended, calls.originOf(undefined)),
  })
}

function liveScope(isOpen: boolean | undefined, scope: ViewScope): ViewScope {
  return scope === 'bracket' && isOpen === true ? 'bracket' : 'mapping'
}
