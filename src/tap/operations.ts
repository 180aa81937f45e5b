import type { NewEvent, OperationEvent } from '../events/event.ts'
import type { Syscalls } from '../uapi/syscalls.ts'
import { listenToOperations } from '../uapi/watching.ts'
import type { TapSink } from './tap.ts'

/** Announces to `sink` what becomes of each operation of the classes on `sys`. Never sleeps. */
export function tapOperations(sys: Syscalls, sink: TapSink): void {
  let operations = 0
  listenToOperations(sys, (operation, origin) => {
    const common = { kind: 'operation', operation: ++operations, ...operation, origin } as const
    const emit = (phase: OperationEvent['phase']): void => {
      const event: NewEvent = { ...common, phase }
      sink(event)
    }
    emit('begin')
    return {
      awaited: () => emit('awaited'),
      ended: () => emit('end'),
      needed: (name, by) => sink({ ...common, phase: 'needed', name, origin: by }),
    }
  })
}
