import type { DmaDirection, DriverName } from '../events/event.ts'
import type { SgTable } from './sg-table.ts'

/** Memory mapped for one device: from here on the device may reach it, until it is unmapped. */
export interface DmaMapping {
  readonly id: number
  readonly device: string
  readonly table: SgTable
  readonly direction: DmaDirection
  /** DMA_ATTR_SKIP_CPU_SYNC: mapping and unmapping move no data. */
  readonly skipCpuSync: boolean
  /** The buffer that events about it name, and where in it the mapping's first byte lies. */
  readonly buffer: number
  readonly offset: number
  readonly driver: DriverName
  /** The attachment it was made for, as events name it. */
  readonly attachment: number | undefined
  live: boolean
}
