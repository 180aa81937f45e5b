// expect: clean
// bytes: right everywhere
// The heap of B57, which unmaps as well.
import { DmaHeap, DrmDevice, type Kernel } from 'dmabuf'
import type {
  DmaBuf,
  DmaBufOps,
  DmaMapping,
  Driver,
  DriverContext,
  KernelMemory,
} from 'dmabuf/driver'

interface HeapBuffer {
  readonly pages: KernelMemory
  readonly mappings: Set<DmaMapping>
}

function partsOf({ priv }: DmaBuf): HeapBuffer {
  return priv as HeapBuffer
}

function heapOps({ dma, ...context }: DriverContext): DmaBufOps {
  return {
    mapDmaBuf({ buffer, device }, direction) {
      const { pages, mappings } = partsOf(buffer)
      const mapping = dma.mapSgtable(device, context.sgAllocTableFromPages(pages), direction)
      mappings.add(mapping)
      return mapping
    },
    unmapDmaBuf({ buffer }, mapping, direction) {
      partsOf(buffer).mappings.delete(mapping)
      dma.unmapSgtable(mapping, direction)
    },
    beginCpuAccess(buffer) {
      for (const each of partsOf(buffer).mappings) dma.syncSgtableForCpu(each, each.direction)
    },
    endCpuAccess(buffer) {
      for (const each of partsOf(buffer).mappings) dma.syncSgtableForDevice(each, each.direction)
    },
    mmap: (buffer, offset, length) => context.remapPages(partsOf(buffer).pages, offset, length),
    release: (buffer) => context.freePages(partsOf(buffer).pages),
  }
}

const heap: Driver = {
  name: 'page heap',
  probe(context) {
    const ops = heapOps(context)
    const allocate = (size: number): DmaBuf => {
      const pages = context.allocPages(size, { zero: true })
      return context.dmaBufExport({ size, ops, flags: 2, priv: { pages, mappings: new Set() } })
    }
    context.dmaHeapAdd({ name: 'pages', allocate })
  },
}

export const drivers = [heap]

export default async function slides(kernel: Kernel): Promise<void> {
  await using display = await DrmDevice.open(kernel)
  using heap = DmaHeap.open(kernel, 'pages')
  for (const shade of [0x20, 0x80, 0xe0]) {
    using slide = await heap.allocate(640 * 360 * 4)
    await slide.withCpuAccess('write', (bytes) => bytes.fill(shade))
    const layout = { width: 640, height: 360, format: 'XR24', bytesPerLine: 4 * 640 } as const
    await display.show(slide, layout)
    await kernel.sleep(50e6)
  }
}
