import type { Bound } from './bound.ts'
import { bufferCalls } from './buffer-calls.ts'
import type { DriverContext } from './context.ts'
import { deviceCalls } from './device-calls.ts'
import { dmaCalls } from './dma-calls.ts'
import { memoryCalls } from './memory-calls.ts'
import { reservationCalls } from './reservation-calls.ts'
import { timeCalls } from './time-calls.ts'

/** Everything that the kernel offers the driver. */
export function makeContext(bound: Bound): DriverContext {
  return {
    name: bound.driver.name,
    board: bound.host.machine.board,
    dma: dmaCalls(bound),
    ...bufferCalls(bound),
    ...reservationCalls(bound),
    ...memoryCalls(bound),
    ...deviceCalls(bound),
    ...timeCalls(bound),
  }
}
