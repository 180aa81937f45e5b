/** The waits of each signal: one listener serves all, because Node warns about many. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>()

/**
 * Calls `action` when `signal` aborts, which it must not have done yet. Returns a function that cancels this.
 * Any number of waits may share a signal.
 */
export function onceAborted(signal: AbortSignal | undefined, action: () => void): () => void {
  if (signal === undefined) return () => {}
  const actions = waiting.get(signal) ?? listenTo(signal)
  actions.add(action)
  return () => {
    actions.delete(action)
  }
}

function listenTo(signal: AbortSignal): Set<() => void> {
  const actions = new Set<() => void>()
  waiting.set(signal, actions)
  const onAbort = (): void => {
    for (const action of [...actions]) action()
  }
  signal.addEventListener('abort', onAbort, { once: true })
  return actions
}
