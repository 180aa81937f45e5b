// The exporter gives processes a shadow of its pages, and never copies it.
// Expect: backing-mismatch.
import { DmaHeap, DrmDevice, type Kernel } from 'dmabuf'
import type {
  DmaBuf,
  DmaBufOps,
  DmaMapping,
  Driver,
  DriverContext,
  KernelMemory,
} from 'dmabuf/driver'

const LAYOUT = { width: 64, height: 32, format: 'XR24', stride: 256 } as const

interface Memory {
  readonly pages: KernelMemory
  readonly shadow: KernelMemory
  readonly mappings: Set<DmaMapping>
}

const memoryOf = ({ priv }: DmaBuf): Memory => priv as Memory

function opsOf({ dma, ...context }: DriverContext): DmaBufOps {
  return {
    mapDmaBuf({ buffer, device }, direction) {
      const { pages, mappings } = memoryOf(buffer)
      const mapping = dma.mapSgtable(device, context.sgAllocTableFromPages(pages), direction)
      mappings.add(mapping)
      return mapping
    },
    unmapDmaBuf({ buffer }, mapping, direction) {
      memoryOf(buffer).mappings.delete(mapping)
      dma.unmapSgtable(mapping, direction)
    },
    beginCpuAccess(buffer) {
      for (const each of memoryOf(buffer).mappings) dma.syncSgtableForCpu(each, each.direction)
    },
    endCpuAccess(buffer) {
      for (const each of memoryOf(buffer).mappings) dma.syncSgtableForDevice(each, each.direction)
    },
    mmap: (buffer, offset, length) => context.remapPages(memoryOf(buffer).shadow, offset, length),
    release(buffer) {
      context.freePages(memoryOf(buffer).pages)
      context.freePages(memoryOf(buffer).shadow)
    },
  }
}

function allocate(context: DriverContext, size: number): DmaBuf {
  const pages = context.allocPages(size, { zero: true })
  const shadow = context.allocPages(size, { zero: true })
  const priv: Memory = { pages, shadow, mappings: new Set() }
  return context.dmaBufExport({ size: pages.size, flags: 2, ops: opsOf(context), priv })
}

export const drivers: Driver[] = [
  {
    name: 'shadow heap',
    probe: (context) =>
      context.dmaHeapAdd({ name: 'shadow', allocate: (size) => allocate(context, size) }),
  },
]

export default async function slide(kernel: Kernel): Promise<void> {
  await using display = await DrmDevice.open(kernel)
  using heap = DmaHeap.open(kernel, 'shadow')
  using buffer = await heap.allocate(8192)
  await buffer.withCpuAccess('write', (bytes) => bytes.fill(200))
  await display.show(buffer, LAYOUT)
}
