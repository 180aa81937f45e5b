import { DMA_HEAP_IOCTL_ALLOC, dmaHeapAllocationData } from '../../abi/dma-heap.ts'
import { type Request, zeroing } from './request.ts'

/** Source: include/uapi/linux/dma-heap.h. */
export const dmaHeapRequests: readonly Request[] = [
  {
    name: 'DMA_HEAP_IOCTL_ALLOC',
    request: DMA_HEAP_IOCTL_ALLOC,
    struct: dmaHeapAllocationData,
    waits: (bytes) => zeroing(dmaHeapAllocationData.over(bytes).len),
    makes: (bytes) => dmaHeapAllocationData.over(bytes).fd,
    fails: 'ENOMEM',
  },
]
