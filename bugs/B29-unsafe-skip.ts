// expect: unsafe-skip-hint
// bytes: wrong on arm-soc lazy, arm-soc eager, arm-soc random
// A decoder's user told the kernel to leave the caches alone when it queued buffers, because nobody
// reads or writes them with the CPU. That holds only as long as it is true: lines that the CPU has
// stored to stay dirty (Gnurou/v4l2r, PR 57). The heap below maps with DMA_ATTR_SKIP_CPU_SYNC for every
// device, in the belief that SYNC has done what is needed; but the program draws before the display has
// the buffer, and END has nobody to sync for.
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
      const table = context.sgAllocTableFromPages(pages)
      const mapping = dma.mapSgtable(device, table, direction, { skipCpuSync: true })
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

const LAYOUT = { format: 'XR24', width: 64, height: 32, bytesPerLine: 256 }

export default async function draw(kernel: Kernel): Promise<void> {
  await using display = await DrmDevice.open(kernel)
  using heap = DmaHeap.open(kernel, 'pages')
  const size = LAYOUT.bytesPerLine * LAYOUT.height
  for (const grey of [64, 128, 192]) {
    using picture = await heap.allocate(size)
    await picture.withCpuAccess('write', (bytes) => bytes.fill(grey))
    await display.show(picture, LAYOUT)
  }
}
