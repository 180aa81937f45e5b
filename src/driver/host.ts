import type { DmaLayer } from '../kernel/dma/dma-layer.ts'
import type { DmaBufCore } from '../kernel/dmabuf/core.ts'
import type { DeviceJobs } from '../kernel/dmabuf/device-job.ts'
import type { DmaBuf } from '../kernel/dmabuf/dma-buf.ts'
import type { DeviceNode } from '../kernel/dmabuf/file.ts'
import type { Machine } from '../machine/machine.ts'

/** A heap's buffer for a request of `length` bytes, whole pages. */
export type AllocateBuffer = (
  length: number,
  fdFlags: number,
  heapFlags: number,
) => Promise<DmaBuf> | DmaBuf

/** The kernel that drivers are loaded into. */
export interface DriverHost {
  readonly machine: Machine
  readonly dma: DmaLayer
  readonly core: DmaBufCore
  readonly jobs: DeviceJobs
  /** The nodes in /dev, by path. */
  readonly nodes: Map<string, DeviceNode>
  /** The character device of a heap. */
  heapNode(name: string, allocate: AllocateBuffer): DeviceNode
}
