import type { Board } from '../machine/board.ts'

/**
 * A camera, a display and a GPU on an ARM system-on-chip, as on most phones and boards. Only the
 * GPU snoops the CPU caches.
 */
export const armSoc: Board = {
  name: 'arm-soc',
  description: 'ARM system-on-chip: camera and display do not snoop, the GPU does',
  lineSize: 64,
  ram: { base: 0x4000_0000, size: 2 * 2 ** 30 },
  // Assumption: a node linux,cma of 128 MiB in the device tree, as boards with displays have it.
  cma: { size: 128 * 2 ** 20, name: 'linux,cma' },
  devices: {
    camera: { snoops: false },
    display: { snoops: false },
    gpu: { snoops: true },
  },
  otherDevices: { snoops: false },
  // arch/arm64/mm/dma-mapping.c since 5.19: for-device cleans in every direction.
  fromDeviceMap: 'clean',
  // arch/arm64/mm/cache.S, dcache_inval_poc: lines partly in the range are cleaned and invalidated.
  edges: 'clean-invalidate',
  uncachedSnoops: false,
  cost: {
    // Assumption: a null system call on a Cortex-A53 class core.
    syscall: 400,
    // Assumption: 1 us for a page of 64 lines, the order that drivers measure for cleaning by address.
    cleanLine: 16,
    invalidateLine: 10,
    // Assumption: 4 GB/s for a copy by the CPU.
    cpuByte: 0.25,
    // Assumption: 2 GB/s for a capture or display engine.
    dmaByte: 0.5,
    // Assumption: 100 MB/s for loads from Normal-NC memory, each of which waits for DRAM.
    uncachedByte: 10,
    writeCombineByte: 10,
  },
}
