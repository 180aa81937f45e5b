import type { Board } from '../machine/board.ts'

/** The laptop on which every cache bug hides: all devices snoop, maintenance does nothing. */
export const pc: Board = {
  name: 'pc',
  description: 'coherent PC: every device snoops, so a missing sync goes unnoticed',
  lineSize: 64,
  ram: { base: 0x1_0000_0000, size: 2 * 2 ** 30 },
  devices: {
    camera: { snoops: true },
    display: { snoops: true },
    gpu: { snoops: true },
  },
  otherDevices: { snoops: true },
  // Never asked for: nothing on this board needs maintenance.
  fromDeviceMap: 'clean',
  edges: 'clean-invalidate',
  // Intel SDM 3A, 12.3 and 12.11.8: processors with self-snoop keep aliases of other types coherent.
  uncachedSnoops: true,
  judgedAs: 'arm-soc',
  cost: {
    // Assumption: a null system call with mitigations on.
    syscall: 200,
    cleanLine: 0,
    invalidateLine: 0,
    // Assumption: 10 GB/s for a copy by one core.
    cpuByte: 0.1,
    // Assumption: 4 GB/s for a device behind PCIe 3.0 x4.
    dmaByte: 0.25,
    // dma_alloc_coherent gives cached memory to devices that snoop.
    uncachedByte: 0.1,
    // Assumption: 125 MB/s for loads from write-combining memory, 8 bytes in 64 ns.
    writeCombineByte: 8,
  },
}
