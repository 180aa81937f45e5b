import type { Board } from '../machine/board.ts'
import { armSoc } from './arm-soc.ts'

const GIB = 2 ** 30
/** bcm2711.dtsi, dma-ranges of the soc bus: its devices reach the first GiB of RAM. */
const LOW = { snoops: false, reach: GIB } as const

/**
 * A Raspberry Pi 4 with 8 GiB. Buffers lie above the reach of camera, display and codec, which get
 * bounce copies or refuse a buffer that is too long for one. The real camera and display also need
 * contiguous memory (`contiguous`). This table leaves that out, to show bounce copies of several
 * pieces: on a Pi allocate from linux,cma, and see arm-soc-cma.
 */
export const rpi4: Board = {
  ...armSoc,
  name: 'rpi4',
  description:
    'Raspberry Pi 4, 8 GiB: camera, display and codec reach the low 1 GiB and bounce above',
  // Cortex-A72 technical reference manual: 64 bytes.
  lineSize: 64,
  ram: {
    base: 0,
    // Without the 64 MiB below 4 GiB where the peripherals are: left out here.
    size: 8 * GIB,
    // arch/arm64/mm/init.c: the DMA zone ends where the least capable bus does.
    normal: GIB,
  },
  // bcm2711-rpi.dtsi, linux,cma: within the first GiB. The size is the distribution's choice.
  cma: { base: 0x1000_0000, size: 256 * 2 ** 20, name: 'linux,cma' },
  bounce: {
    // kernel/dma/swiotlb.c: 64 MiB. Where boot logs of this board have it, below 1 GiB.
    base: 0x3740_0000,
    size: 64 * 2 ** 20,
    forced: false,
  },
  devices: {
    camera: LOW,
    display: LOW,
    codec: LOW,
    // bcm2711.dtsi, dma-ranges of the scb bus, which v3d is on: all of the RAM.
    gpu: { snoops: false },
  },
  otherDevices: LOW,
  cost: {
    // Assumptions, as on arm-soc, with a core about twice as fast.
    syscall: 250,
    cleanLine: 10,
    invalidateLine: 6,
    cpuByte: 0.25,
    dmaByte: 0.5,
    uncachedByte: 10,
    writeCombineByte: 10,
  },
}
