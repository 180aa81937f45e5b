import type { DriverContext, KernelMemory, SgTable } from '../driver/index.ts'

/** Bytes of an entry at most: a chunk of the system heap that a bounce buffer can hold, which has 256 KiB. */
const LARGEST_ENTRY = 64 * 1024

/** A buffer's pages as a scatter list, in entries such as the system heap's. */
export function scattered(context: DriverContext, pages: KernelMemory): SgTable {
  return context.sgAllocTableFromPages(pages, LARGEST_ENTRY)
}
