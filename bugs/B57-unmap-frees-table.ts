// expect: mapping-leak
// bytes: right everywhere
// udmabuf's unmap freed the scatter list that its map had made, and never unmapped it: each import left
// a mapping behind, and what the device reaches through it belongs to others once the pages are free
// (linux-media, 20190604202331.17482-1). The heap below does the same; the display imports a buffer for
// each picture.
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
    unmapDmaBuf({ buffer }, mapping) {
      partsOf(buffer).mappings.delete(mapping)
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
