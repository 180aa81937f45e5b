import type { Board } from '../machine/board.ts'
import type { BufferCalls } from './buffer-calls.ts'
import type { DeviceCalls } from './device-calls.ts'
import type { DmaCalls } from './dma-calls.ts'
import type { MemoryCalls } from './memory-calls.ts'
import type { ReservationCalls } from './reservation-calls.ts'
import type { TimeCalls } from './time-calls.ts'

/**
 * The kernel's interface for drivers, with the kernel's names in camelCase. A violation of a call's contract
 * is reported under the driver's name, with the line of the call.
 */
export interface DriverContext
  extends BufferCalls,
    ReservationCalls,
    MemoryCalls,
    DeviceCalls,
    TimeCalls {
  /** The driver's own name. */
  readonly name: string
  readonly board: Board
  /** The DMA mapping layer. */
  readonly dma: DmaCalls
}
