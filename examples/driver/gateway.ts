/** A custom board, as a table. */
import type { Board } from 'dmabuf/driver'

const MIB = 2 ** 20

/** A camera box with an older ARM core, and an IOMMU before its blitter. */
export const gateway: Board = {
  name: 'gateway',
  description: 'ARMv7 camera box: nothing snoops, mapping invalidates, the blitter has an IOMMU',
  // The core's manual: 32 bytes on a Cortex-A9.
  lineSize: 32,
  ram: { base: 0x8000_0000, size: 512 * MIB },
  devices: {
    camera: { snoops: false },
    blitter: { snoops: false, iommu: true },
  },
  otherDevices: { snoops: false },
  iommu: { unmap: 'strict' },
  // arch/arm/mm/cache-v7.S: mapping from-device invalidates; partly covered lines are cleaned.
  fromDeviceMap: 'invalidate',
  edges: 'clean-invalidate',
  uncachedSnoops: false,
  // Nanoseconds for a call, a line and a byte: measured, or estimated as here.
  cost: { syscall: 500, cleanLine: 20, invalidateLine: 12, cpuByte: 0.5, dmaByte: 1 },
}
