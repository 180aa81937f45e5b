import type { DriverContext } from './context.ts'

/** A custom driver, as a module registers it with the kernel. */
export interface Driver {
  /** As findings and misuse reports name it. */
  readonly name: string
  /**
   * May sleep. The driver makes its devices, heaps and nodes, before the program begins. A failure is
   * thrown: the run ends with it.
   */
  probe(context: DriverContext): void | Promise<void>
  /**
   * The kernel ends, and every file is closed. Releases the resources of `probe`; forgotten ones
   * are reported and released.
   */
  remove?(): void
}
