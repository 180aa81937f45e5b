// A heap throws a plain Error instead of an errno: the caller gets EIO, and the driver is at fault.
// Expect: driver-contract.
import { DmaHeap, type Kernel } from 'dmabuf'
import type { DmaBuf, DmaBufOps, Driver, DriverContext, KernelMemory } from 'dmabuf/driver'

const LIMIT = 2 ** 20

function opsOf({ dma, ...context }: DriverContext): DmaBufOps {
  const pagesOf = ({ priv }: DmaBuf): KernelMemory => priv as KernelMemory
  return {
    mapDmaBuf: ({ buffer, device }, direction) =>
      dma.mapSgtable(device, context.sgAllocTableFromPages(pagesOf(buffer)), direction),
    unmapDmaBuf: (_attachment, mapping, direction) => dma.unmapSgtable(mapping, direction),
    mmap: (buffer, offset, length) => context.remapPages(pagesOf(buffer), offset, length),
    release: (buffer) => context.freePages(pagesOf(buffer)),
  }
}

function allocate(context: DriverContext, size: number): DmaBuf {
  if (size > LIMIT) throw new Error('too large')
  const pages = context.allocPages(size, { zero: true })
  return context.dmaBufExport({ size: pages.size, flags: 2, ops: opsOf(context), priv: pages })
}

export const drivers: Driver[] = [
  {
    name: 'small heap',
    probe: (context) =>
      context.dmaHeapAdd({ name: 'small', allocate: (size) => allocate(context, size) }),
  },
]

export default async function program(kernel: Kernel): Promise<string> {
  using heap = DmaHeap.open(kernel, 'small')
  try {
    using buffer = await heap.allocate(2 * LIMIT)
    return `${buffer.size} bytes`
  } catch {
    return 'no memory'
  }
}
