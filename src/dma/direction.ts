import type { CacheOp, CpuAccess, DmaDirection } from '../events/event.ts'
import { type Board, snoops } from '../machine/board.ts'

/**
 * What giving memory to a device does to the cache, by direction. `undefined`: nothing.
 * Source: kernel Documentation/core-api/dma-api.rst; the arch_sync_dma_for_device of each architecture.
 */
export function opForDevice(
  board: Board,
  device: string,
  direction: DmaDirection,
): CacheOp | undefined {
  if (snoops(board, device)) return undefined
  return direction === 'from-device' ? board.fromDeviceMap : 'clean'
}

/** What taking memory back from a device does to the cache (arch_sync_dma_for_cpu). */
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
