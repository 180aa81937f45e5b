/** Ways of sharing buffers from the mailing lists, as drivers. */
export { shootdownHeap } from './shootdown/heap.ts'
