// expect: growable-mapping
// bytes: right everywhere
// One of two sibling back ends set VM_DONTEXPAND on what processes map of its buffers, the other did not:
// mremap makes the mapping longer than the buffer, long after mmap had checked the length
// (CVE-2026-46312, videobuf2's dma-sg memory). The grabber below hands its pages out with the default
// flags of a file; the program would like to have two pictures in one mapping.
import { DmaBuf, type Kernel } from 'dmabuf'
import {
  type DmaBuf as Buffer,
  type DmaBufOps,
  type Driver,
  type DriverContext,
  type IoctlCall,
  io,
  KernelError,
  type KernelMemory,
} from 'dmabuf/driver'

/** Returns a descriptor of a new picture. */
const GRAB = io('G', 0)
const SIZE = 16_384

function pictureOps({ dma, ...context }: DriverContext): DmaBufOps {
  const pagesOf = ({ priv }: Buffer): KernelMemory => priv as KernelMemory
  return {
    mapDmaBuf({ buffer, device }, direction) {
      const table = context.sgAllocTableFromPages(pagesOf(buffer))
      return dma.mapSgtable(device, table, direction)
    },
    unmapDmaBuf: (_attachment, mapping, direction) => dma.unmapSgtable(mapping, direction),
    mmap: (buffer, offset, length) =>
      context.remapPages(pagesOf(buffer), offset, length, { expandable: true }),
    release: (buffer) => context.freePages(pagesOf(buffer)),
  }
}

function exportPicture(context: DriverContext, ops: DmaBufOps): Buffer {
  const pages = context.allocPages(SIZE)
  pages.fill(0x99)
  try {
    return context.dmaBufExport({ size: SIZE, ops, flags: 2, priv: pages })
  } catch (error) {
    context.freePages(pages)
    throw error
  }
}

const grabber: Driver = {
  name: 'grabber driver',
  probe(context) {
    const ops = pictureOps(context)
    const ioctl = (call: IoctlCall): number => {
      if (call.request !== GRAB) throw new KernelError('ENOTTY', 'GRAB is known')
      const picture = exportPicture(context, ops)
      try {
        return context.dmaBufFd(picture, 2, call)
      } catch (error) {
        context.dmaBufPut(picture)
        throw error
      }
    }
    context.miscRegister({ name: 'grabber', open: () => ({ ioctl }) })
  },
}

export const drivers = [grabber]

const PROT_READ = 1
const MAP_SHARED = 1
const MREMAP_MAYMOVE = 1

export default async function grab(kernel: Kernel): Promise<Uint8Array> {
  const { sys } = kernel
  const device = sys.open('/dev/grabber', 2)
  const fd = await sys.ioctl(device, GRAB, { bytes: new Uint8Array() })
  using picture = DmaBuf.adopt(kernel, fd)
  const address = sys.mmap(SIZE, PROT_READ, MAP_SHARED, fd, 0)
  const longer = sys.mremap(address, SIZE, 2 * SIZE, MREMAP_MAYMOVE)
  const [start, length] = longer < 0 ? [address, SIZE] : [longer, 2 * SIZE]
  const bytes = new Uint8Array(SIZE)
  await picture.startCpuAccess('read')
  sys.load(start, bytes)
  await picture.endCpuAccess('read')
  sys.munmap(start, length)
  sys.close(device)
  return bytes
}
