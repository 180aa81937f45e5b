import type { Board } from '../machine/board.ts'
import { armSoc } from './arm-soc.ts'

/** The ARM system-on-chip with its devices behind an IOMMU: an access to unmapped memory faults. */
export const armSocIommu: Board = {
  ...armSoc,
  name: 'arm-soc-iommu',
  description: 'arm-soc with an IOMMU: a device reaches only memory that is mapped for it',
  // drivers/iommu/Kconfig: strict unless the architecture asks for lazy, which arm64 does not.
  iommu: { unmap: 'strict' },
  devices: {
    camera: { snoops: false, iommu: true },
    display: { snoops: false, iommu: true },
    gpu: { snoops: true, iommu: true },
  },
  otherDevices: { snoops: false, iommu: true },
}
