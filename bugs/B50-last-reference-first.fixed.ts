// expect: clean
// bytes: right everywhere
// The overlay of B50: the reference that the helper drops is taken before.
import type { Kernel } from 'dmabuf'
import type {
  DmaBuf,
  DmaBufOps,
  Driver,
  DriverContext,
  DriverFile,
  KernelMemory,
  MappedPages,
  MapRequest,
} from 'dmabuf/driver'

const SIZE = 16_384

function canvasOps({ dma, ...context }: DriverContext): DmaBufOps {
  const pagesOf = ({ priv }: DmaBuf): KernelMemory => priv as KernelMemory
  return {
    mapDmaBuf({ buffer, device }, direction) {
      const table = context.sgAllocTableFromPages(pagesOf(buffer))
      return dma.mapSgtable(device, table, direction)
    },
    unmapDmaBuf: (_attachment, mapping, direction) => dma.unmapSgtable(mapping, direction),
    mmap: (buffer, offset, length) => context.remapPages(pagesOf(buffer), offset, length),
    release: (buffer) => context.freePages(pagesOf(buffer)),
  }
}

/** The helper: what it maps is counted elsewhere, so it drops a reference of the caller's. */
function mapCanvas(context: DriverContext, canvas: DmaBuf, request: MapRequest): MappedPages {
  const mapped = context.dmaBufMmap(canvas, request.length, request.offset / 4096)
  context.dmaBufPut(canvas)
  return mapped
}

function openOverlay(context: DriverContext, ops: DmaBufOps): DriverFile {
  const priv = context.allocPages(SIZE, { zero: true })
  const canvas = context.dmaBufExport({ size: SIZE, ops, flags: 2, priv })
  return {
    mmap(request) {
      context.getDmaBuf(canvas)
      return mapCanvas(context, canvas, request)
    },
    release: () => context.dmaBufPut(canvas),
  }
}

const overlay: Driver = {
  name: 'overlay driver',
  probe(context) {
    const ops = canvasOps(context)
    context.miscRegister({ name: 'overlay', open: () => openOverlay(context, ops) })
  },
}

export const drivers = [overlay]

const PROT_READ_WRITE = 3
const MAP_SHARED = 1

export default async function draw({ sys }: Kernel): Promise<Uint8Array> {
  const device = sys.open('/dev/overlay', 2)
  const address = sys.mmap(SIZE, PROT_READ_WRITE, MAP_SHARED, device, 0)
  sys.store(address, new Uint8Array(SIZE).fill(0x55))
  const drawn = new Uint8Array(SIZE)
  sys.load(address, drawn)
  sys.munmap(address, SIZE)
  sys.close(device)
  return drawn
}
