// expect: reference-misuse
// bytes: right everywhere
// No descriptor is free: the export drops its reference, with which the buffer's release frees all that
// it is made of, and then goes on to free the same by itself, as if nothing had been exported yet (VFIO,
// fixed in Linux 7.0-rc6). The table of descriptors is full once; who asks again gets a buffer.
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

/** Returns a descriptor of a region of the device's. */
const GET_REGION = io('V', 0)
const SIZE = 8192

export function prepare(kernel: SimKernel): void {
  kernel.fail('get_unused_fd_flags', 1, 'EMFILE')
}

function regionOps({ dma, ...context }: DriverContext): DmaBufOps {
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

/** Returns the descriptor. */
function getRegion(context: DriverContext, ops: DmaBufOps, call: IoctlCall): number {
  const pages = context.allocPages(SIZE, { zero: true })
  let region: Buffer | undefined
  try {
    region = context.dmaBufExport({ size: SIZE, ops, flags: 2, priv: pages })
    return context.dmaBufFd(region, 2, call)
  } catch (error) {
    if (region !== undefined) context.dmaBufPut(region)
    context.freePages(pages)
    throw error
  }
}

const passthrough: Driver = {
  name: 'passthrough driver',
  probe(context) {
    const ops = regionOps(context)
    const ioctl = (call: IoctlCall): number => {
      if (call.request !== GET_REGION) throw new KernelError('ENOTTY', 'GET_REGION is known')
      return getRegion(context, ops, call)
    }
    context.miscRegister({ name: 'passthrough', open: () => ({ ioctl }) })
  },
}

export const drivers = [passthrough]

export default async function regions(kernel: Kernel): Promise<Uint8Array[]> {
  const { sys } = kernel
  const device = sys.open('/dev/passthrough', 2)
  const found: Uint8Array[] = []
  for (let i = 0; i < 3; i++) {
    const fd = await sys.ioctl(device, GET_REGION, { bytes: new Uint8Array() })
    if (fd < 0) continue
    using region = DmaBuf.adopt(kernel, fd)
    await region.withCpuAccess('write', (bytes) => bytes.fill(i))
    await region.withCpuAccess('read', (bytes) => found.push(bytes.slice()))
  }
  sys.close(device)
  return found
}
