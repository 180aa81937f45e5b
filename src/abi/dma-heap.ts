import { u32, u64 } from './field.ts'
import { iowr } from './ioctl-number.ts'
import { type Struct, struct } from './struct.ts'

/** `struct dma_heap_allocation_data`: the request, and the new descriptor. */
export interface DmaHeapAllocationData {
  /** Bytes; the heap rounds up to whole pages. */
  len: number
  /** Written by the kernel; 0 going in. */
  fd: number
  /** O_CLOEXEC and an access mode. */
  fd_flags: number
  /** No flag is defined. */
  heap_flags: number
}

/** Layout of `struct dma_heap_allocation_data`. Source: include/uapi/linux/dma-heap.h. */
export const dmaHeapAllocationData: Struct<DmaHeapAllocationData> = struct(
  'dma_heap_allocation_data',
  24,
  { len: u64, fd: u32, fd_flags: u32, heap_flags: u64 },
)

/** Allocates a dma-buf. EINVAL, ENOMEM, EINTR, EMFILE. May sleep. */
export const DMA_HEAP_IOCTL_ALLOC: number = iowr('H', 0, dmaHeapAllocationData.size)
