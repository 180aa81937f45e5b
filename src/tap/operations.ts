import type { NewEvent, OperationEvent } from '../events/event.ts'
import type { Syscalls } from '../syscalls/syscalls.ts'
import { listenToOperations } from '../syscalls/watching.ts'
import type { TapSink } from './tap.ts'

/** Announces to `sink` what becomes of each operation of the classes on `sys`. Never sleeps. */
export function tapOperations(sys: Syscalls, sink: TapSink): void {
  let operations = 0
  listenToOperations(sys, (operation, origin, within) => {
    const id = ++operations
    const common = {
      ...({ kind: 'operation', operation: id, within: within?.id } as const),
      ...operation,
      origin,
    }
    const emit = (phase: OperationEvent['phase']): void => {
      const event: NewEvent = { ...common, phase }
      sink(event)
    }
    emit('begin')
    return {
      id,
      awaited: () => emit('awaited'),
      ended: () => emit('end'),
      needed: (name, by) => sink({ ...common, phase: 'needed', name, origin: by }),
    }
  })
}
