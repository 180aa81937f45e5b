// expect: clean
// bytes: right everywhere
// The ring of B56b, which drops the reference that it has still got.
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
import type { SimKernel } from 'dmabuf/sim'

/** Returns a descriptor of a new slot. */
const NEW_SLOT = io('S', 0)
const SIZE = 4096

export function prepare(kernel: SimKernel): void {
  kernel.fail('get_unused_fd_flags', 2, 'EMFILE')
}

function slotOps({ dma, ...context }: DriverContext): DmaBufOps {
  const pagesOf = ({ priv }: Buffer): KernelMemory => priv as KernelMemory
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

/** The only owner of what it returns is its caller. */
function newSlot(context: DriverContext, ops: DmaBufOps): Buffer {
  const pages = context.allocPages(SIZE, { zero: true })
  try {
    return context.dmaBufExport({ size: SIZE, ops, flags: 2, priv: pages })
  } catch (error) {
    context.freePages(pages)
    throw error
  }
}

const ring: Driver = {
  name: 'ring driver',
  probe(context) {
    const ops = slotOps(context)
    const ioctl = (call: IoctlCall): number => {
      if (call.request !== NEW_SLOT) throw new KernelError('ENOTTY', 'NEW_SLOT is known')
      const slot = newSlot(context, ops)
      try {
        return context.dmaBufFd(slot, 2, call)
      } catch (error) {
        context.dmaBufPut(slot)
        throw error
      }
    }
    context.miscRegister({ name: 'ring', open: () => ({ ioctl }) })
  },
}

export const drivers = [ring]

export default async function slots(kernel: Kernel): Promise<Uint8Array[]> {
  const { sys } = kernel
  const device = sys.open('/dev/ring', 2)
  const found: Uint8Array[] = []
  for (let i = 0; i < 3; i++) {
    const fd = await sys.ioctl(device, NEW_SLOT, { bytes: new Uint8Array() })
    if (fd < 0) continue
    using slot = DmaBuf.adopt(kernel, fd)
    await slot.withCpuAccess('write', (bytes) => bytes.fill(i))
    await slot.withCpuAccess('read', (bytes) => found.push(bytes.slice()))
  }
  sys.close(device)
  return found
}
