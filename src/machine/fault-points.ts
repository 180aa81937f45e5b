import { KernelError } from './kernel-error.ts'

interface Planned {
  readonly nth: number
  readonly code: string
}

/**
 * Places inside the kernel and its drivers that somebody wants to fail: how every unwind path is
 * driven. A place has the name of the kernel's own function, as `alloc_pages` or `map_dma_buf`.
 */
export class FaultPoints {
  readonly #planned = new Map<string, Planned[]>()
  readonly #counts = new Map<string, number>()

  /** Makes the `nth` passage (the first is 1) of the place `name` fail with `code`. */
  plan(name: string, nth: number, code: string): void {
    const planned = this.#planned.get(name) ?? []
    planned.push({ nth, code })
    this.#planned.set(name, planned)
  }

  /** How often each place was passed so far. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts
  }

  /** Counts the passage; the code that it shall fail with, if one was planned. */
  next(name: string): string | undefined {
    const count = (this.#counts.get(name) ?? 0) + 1
    this.#counts.set(name, count)
    return this.#planned.get(name)?.find(({ nth }) => nth === count)?.code
  }

  /** Counts the passage, and throws the KernelError that was planned for it. */
  pass(name: string): void {
    const code = this.next(name)
    if (code !== undefined) throw new KernelError(code, `${name} was made to fail`)
  }
}
