// expect: sync-is-noop
// bytes: wrong on arm-soc lazy, arm-soc random
// An exporter had no begin_cpu_access and no end_cpu_access: SYNC succeeds, and nothing happens. What
// the CPU reads after START is what its cache has, and the camera's picture is not in there (videobuf2's
// dma-sg memory, fixed by kernel commit d4db5eb57cab). Here a heap has none, and the program does all
// that is asked of it.
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
