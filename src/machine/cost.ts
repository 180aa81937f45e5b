/** The cost of a run: counts of operations and of the bytes that moved. Sizes in bytes. */
export type Cost = {
  syscalls: number
  /** Cache maintenance by the DMA layer on this run's board. */
  cleaned: number
  invalidated: number
  /** Bytes that devices wrote to and read from memory. */
  dmaIn: number
  dmaOut: number
  /** Bytes that the CPU copied on a program's behalf inside the kernel (zeroing, exact access, bouncing). */
  cpuBytes: number
  /** Of these, bytes that the DMA layer copied to and from bounce copies. */
  bounced: number
  attachments: number
  mappings: number
  /** Pages of user mappings that got an entry by a fault, and that lost theirs to unmap_mapping_range. */
  faults: number
  zapped: number
  /** Virtual time from the first call to the last, in nanoseconds. */
  time: number
}

export function noCost(): Cost {
  return {
    syscalls: 0,
    cleaned: 0,
    invalidated: 0,
    dmaIn: 0,
    dmaOut: 0,
    cpuBytes: 0,
    bounced: 0,
    attachments: 0,
    mappings: 0,
    faults: 0,
    zapped: 0,
    time: 0,
  }
}
