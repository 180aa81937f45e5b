import type { DriverName, EventId, EventOrigin, Range } from '../../events/event.ts'
import type { MisuseCode } from '../../events/misuse-code.ts'
import type { Machine } from '../../machine/machine.ts'

/** Who calls where no driver does: the kernel's own code. */
export const KERNEL: DriverName = { name: 'kernel', modelled: true }

/** The fault of a call: see MisuseEvent. */
export interface Misuse {
  readonly code: MisuseCode
  readonly operation: string
  readonly driver: DriverName
  readonly text: string
  readonly device?: string | undefined
  readonly buffer?: number | undefined
  readonly range?: Range | undefined
  readonly mapping?: number | undefined
  readonly against?: EventId | undefined
  /** Where it happened, if that is not where the call came from. */
  readonly origin?: EventOrigin | undefined
}

/** Emits a broken contract. The call goes on as it would in the kernel. */
export function reportMisuse(machine: Machine, { origin, ...what }: Misuse): EventId {
  const event = { kind: 'misuse', ...what } as const
  return machine.events.emit(origin === undefined ? event : { ...event, origin })
}
