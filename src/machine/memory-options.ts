import type { EqualBytes } from './changed-runs.ts'
import type { EdgeLines } from './maintenance.ts'
import type { PerBoard } from './per-board.ts'
import type { StateTables } from './state-table.ts'
import type { ViewOptions } from './views.ts'

/**
 * The properties of two boards that decide about bytes and states, and the listener for found
 * stores.
 */
export interface MemoryOptions
  extends Pick<ViewOptions, 'onStores' | 'latestEvent' | 'epoch' | 'policy'> {
  /** Whether this run's board keeps every access coherent, so that one copy of the bytes is enough. */
  readonly coherent: boolean
  /** Whether the judged board does; false when left out. */
  readonly judgedCoherent?: boolean | undefined
  /** Whether states are kept and stores looked for; without, only bytes move. */
  readonly checked: boolean
  readonly lineSize: number
  readonly edges: PerBoard<EdgeLines>
  /** Whether the CPU's uncached accesses snoop the cache. */
  readonly uncachedSnoops: PerBoard<boolean>
  readonly tables: StateTables
  readonly equal?: EqualBytes | undefined
}
