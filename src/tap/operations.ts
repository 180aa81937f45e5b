import type { OperationEvent } from '../events/event.ts'
import type { Syscalls } from '../syscalls/syscalls.ts'
import { listenToOperations } from '../syscalls/watching.ts'
import type { TapSink } from './tap.ts'

/** Emits the progress of each operation of the classes on `sys` to `sink`. */
export function tapOperations(sys: Syscalls, sink: TapSink): void {
  let operations = 0
  listenToOperations(sys, (operation, origin, within) => {
    const id = ++operations
    const common = { ...({ kind: 'operation', operation: id } as const), ...operation, origin }
    const begin = sink({ ...common, phase: 'begin', within })
    const emit = (phase: OperationEvent['phase']): void =>
      void sink({ ...common, phase, within: begin })
    return {
      event: begin,
      awaited: () => emit('awaited'),
      ended: () => emit('end'),
      needed: (name, by) =>
        void sink({ ...common, phase: 'needed', name, origin: by, within: begin }),
    }
  })
}
