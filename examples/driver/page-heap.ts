/** The driver of a heap: /dev/dma_heap/pages hands out buffers of pages. */
import type { Driver } from 'dmabuf/driver'
import { exportPages } from './page-buffer.ts'

export const pageHeap: Driver = {
  name: 'page-heap',
  probe(context) {
    context.dmaHeapAdd({
      name: 'pages',
      allocate: (length, fdFlags) => exportPages(context, length, fdFlags),
    })
  },
}
