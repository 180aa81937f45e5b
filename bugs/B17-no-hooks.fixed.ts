// expect: clean
// bytes: right everywhere
// The heap of B17, with both operations.
import { DmaHeap, type Kernel, VideoDevice } from 'dmabuf'
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

export default async function record(kernel: Kernel): Promise<Uint8Array[]> {
  await using camera = await VideoDevice.open(kernel)
  using heap = DmaHeap.open(kernel, 'pages')
  const format = await camera.setFormat({ width: 640, height: 360, format: 'XR24' })
  await camera.start(await heap.allocateBuffers(3, format.sizeImage))
  const pictures: Uint8Array[] = []
  for await (await using frame of camera.frames({ count: 6 })) {
    await frame.buffer.withCpuAccess('read', (bytes) => pictures.push(bytes.slice()))
  }
  return pictures
}
