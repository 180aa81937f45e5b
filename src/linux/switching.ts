import { sharingScope } from '../syscalls/call-scope.ts'
import type { Syscalls } from '../syscalls/syscalls.ts'
import { syscallTable } from '../syscalls/table.ts'

/**
 * Calls that go through `watched` while `isWatched` says so, and straight to `plain` otherwise:
 * without a listener they cost nothing.
 */
export function switching(plain: Syscalls, watched: Syscalls, isWatched: () => boolean): Syscalls {
  const to = (): Syscalls => (isWatched() ? watched : plain)
  const calls = Object.keys(syscallTable) as (keyof Syscalls)[]
  const switched = Object.fromEntries(
    calls.map((name) => [
      name,
      (...words: never[]) => (to()[name] as (...words: never[]) => unknown)(...words),
    ]),
  ) as unknown as Syscalls
  return sharingScope(switched, plain)
}
