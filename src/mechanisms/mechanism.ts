import type { Driver } from '../driver/index.ts'
import { shootdownHeap } from './shootdown/heap.ts'
import { temporaryCopyHeap } from './temporary-copy/heap.ts'
import { uncachedHeap } from './uncached/heap.ts'

/** A way to keep a buffer coherent between the CPU and devices. */
export interface Mechanism {
  /** As `dmabuf compare` takes it. */
  readonly name: string
  /** The kind of pages and the time of their maintenance, in a few words. */
  readonly title: string
  /** Its origin, and its status in Linux. */
  readonly status: string
  /** A heap `name` of buffers that are kept coherent so. Undefined: the built-in system heap. */
  readonly heap: ((name: string) => Driver) | undefined
}

/** All mechanisms of exporters, the merged one first. */
export const mechanisms: readonly Mechanism[] = [
  {
    name: 'sync',
    title: 'cached pages, maintained at SYNC',
    status: 'merged, Linux 4.6',
    heap: undefined,
  },
  {
    name: 'shootdown',
    title: 'cached pages, maintained at page faults and at map',
    status: 'documented in Linux 3.5, replaced by SYNC',
    heap: shootdownHeap,
  },
  {
    name: 'uncached',
    title: 'write-combined pages, never maintained',
    status: 'proposed, not merged; DRM maps devices this way',
    heap: uncachedHeap,
  },
  {
    name: 'temporary-copy',
    title: 'the CPU maps a copy, copied at SYNC',
    status: 'allowed since Linux 3.4',
    heap: temporaryCopyHeap,
  },
]
