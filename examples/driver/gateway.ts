/** A board of one's own, as a table. */
import type { Board } from 'dmabuf/driver'

const MIB = 2 ** 20

/** A camera box with an older ARM core: 32-byte lines, a blitter behind an IOMMU, a camera that is not. */
export const gateway: Board = {
  name: 'gateway',
  description: 'ARMv7 camera box: nothing snoops, mapping invalidates, the blitter has an IOMMU',
  lineSize: 32,
  ram: { base: 0x8000_0000, size: 512 * MIB },
  devices: {
    camera: { snoops: false },
    display: { snoops: false },
    blitter: { snoops: false, iommu: true },
  },
  otherDevices: { snoops: false },
  iommu: { unmap: 'strict' },
  fromDeviceMap: 'invalidate',
  edges: 'clean-invalidate',
  uncachedSnoops: false,
  cost: { syscall: 500, cleanLine: 20, invalidateLine: 12, cpuByte: 0.5, dmaByte: 1 },
}
