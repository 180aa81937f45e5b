/** Ways of sharing buffers from the mailing lists, as drivers. */
export { type Mechanism, mechanisms } from './mechanism.ts'
export { shootdownHeap } from './shootdown/heap.ts'
export { temporaryCopyHeap } from './temporary-copy/heap.ts'
export { uncachedHeap } from './uncached/heap.ts'
