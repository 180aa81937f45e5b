// expect: sync-is-noop
// bytes: wrong on arm-soc lazy, arm-soc eager, arm-soc random
// udmabuf's begin_cpu_access gave the memory to the device, and its end_cpu_access took it back: each
// did the other's job (fixed by kernel commit 1ffe09590121). What the CPU reads is older than what the
// camera wrote, and what it draws is dropped with its lines at END. The heap below does the same; the
// program that uses it sends every SYNC that it should.
import { DmaHeap, DrmDevice, type Kernel, VideoDevice } from 'dmabuf'
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
      for (const each of partsOf(buffer).mappings) dma.syncSgtableForDevice(each, each.direction)
    },
    endCpuAccess(buffer) {
      for (const each of partsOf(buffer).mappings) dma.syncSgtableForCpu(each, each.direction)
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

export default async function preview(kernel: Kernel): Promise<Uint8Array[]> {
  await using camera = await VideoDevice.open(kernel)
  await using display = await DrmDevice.open(kernel)
  using heap = DmaHeap.open(kernel, 'pages')
  const format = await camera.setFormat({ width: 640, height: 360, format: 'XR24' })
  await camera.start(await heap.allocateBuffers(4, format.sizeImage))
  const pictures: Uint8Array[] = []
  for await (await using frame of camera.frames({ count: 6 })) {
    await frame.buffer.withCpuAccess('read-write', (bytes) => {
      pictures.push(bytes.slice())
      bytes.fill(255, 0, 4 * format.bytesPerLine) // a bar at the top
    })
    await display.show(frame)
  }
  return pictures
}
