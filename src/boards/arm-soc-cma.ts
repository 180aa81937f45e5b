import type { Board } from '../machine/board.ts'
import { armSoc } from './arm-soc.ts'

/** An engine with one address register for each plane, and no IOMMU before it. */
const ONE_PIECE = { snoops: false, contiguous: true, strideStep: 64 } as const

/**
 * The ARM system-on-chip whose camera and display have no scatter list and no IOMMU, as on i.MX, STM32MP
 * and most Allwinner chips: their drivers are on videobuf2-dma-contig and drm_gem_dma_helper. Memory of
 * the system heap is in pieces that do not follow each other, as on a machine that has run for a while:
 * its import fails. Strides are multiples of 64 bytes. Buffers come from the heap `linux,cma`, or from the devices themselves.
 */
export const armSocCma: Board = {
  ...armSoc,
  name: 'arm-soc-cma',
  description: 'arm-soc whose camera and display need contiguous memory (heap linux,cma)',
  ram: { ...armSoc.ram, fragmented: true },
  devices: {
    ...armSoc.devices,
    // Assumption: blocks of 16 lines, as encoders and many scalers have them.
    camera: { ...ONE_PIECE, heightStep: 16 },
    display: ONE_PIECE,
  },
}
