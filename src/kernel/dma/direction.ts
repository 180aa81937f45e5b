import type { CacheOp, CpuAccess, DmaDirection } from '../../events/event.ts'
import { type Board, snoops } from '../../machine/board.ts'
import { assert } from '../../machine/kernel-error.ts'

const DIRECTIONS: readonly unknown[] = ['to-device', 'from-device', 'bidirectional']

/** Whether `value` is a direction: drivers in JavaScript may pass anything. */
export function isDirection(value: unknown): value is DmaDirection {
  return DIRECTIONS.includes(value)
}

/**
 * The cache operation when memory goes to a device, by direction. `undefined`: none. Source: kernel
 * Documentation/core-api/dma-api.rst; the arch_sync_dma_for_device of each architecture.
 */
export function opForDevice(
  board: Board,
  device: string,
  direction: DmaDirection,
): CacheOp | undefined {
  if (snoops(board, device)) return undefined
  return direction === 'from-device' ? board.fromDeviceMap : 'clean'
}

/** The cache operation when memory comes back from a device (arch_sync_dma_for_cpu). */
export function opForCpu(
  board: Board,
  device: string,
  direction: DmaDirection,
): CacheOp | undefined {
  if (snoops(board, device)) return undefined
  return direction === 'to-device' ? undefined : 'invalidate'
}

/**
 * The direction that a CPU access has for the DMA layer.
 * Source: dma_buf_ioctl: SYNC_READ is DMA_FROM_DEVICE, SYNC_WRITE is DMA_TO_DEVICE.
 */
export function directionOf(access: CpuAccess): DmaDirection {
  if (access === 'read') return 'from-device'
  return access === 'write' ? 'to-device' : 'bidirectional'
}

/** The kernel's BUG_ON(!valid_dma_direction(dir)): throws with the operation and the value. */
export function requireDirection(operation: string, direction: unknown): void {
  assert(
    isDirection(direction),
    `${operation}: the direction is to-device, from-device or bidirectional, not ${String(direction)}`,
  )
}
