import type { Bound } from './bound.ts'

/** Memory that a driver loads and stores. */
interface Accessed {
  load(offset: number, target: Uint8Array): unknown
  store(offset: number, source: Uint8Array): void
  fill(value: number, ...range: number[]): void
}

const done = new WeakSet<Accessed>()

/**
 * The driver's own loads and stores carry the line that makes them, as its calls do. Returns `memory`,
 * which may have been treated so before.
 */
export function withLines<T extends Accessed>(bound: Bound, memory: T): T {
  if (done.has(memory)) return memory
  done.add(memory)
  const accessed: Accessed = memory
  const { load, store, fill } = accessed
  accessed.load = (...args) => bound.now(accessed.load, () => load.apply(memory, args))
  accessed.store = (...args) => bound.now(accessed.store, () => store.apply(memory, args))
  accessed.fill = (...args) => bound.now(accessed.fill, () => fill.apply(memory, args))
  return memory
}
