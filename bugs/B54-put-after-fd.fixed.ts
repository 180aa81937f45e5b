// expect: clean
// bytes: right everywhere
// The driver of B54, which leaves to the process what is the process's.
import { DmaBuf, type Kernel } from 'dmabuf'
import {
  type DmaBuf as Buffer,
  type DmaBufOps,
  type Driver,
  type DriverContext,
  type IoctlCall,
  iowr,
  KernelError,
  type KernelMemory,
} from 'dmabuf/driver'
import type { SimKernel } from 'dmabuf/sim'

/** A size in, a descriptor out. */
const ALLOC = iowr('R', 0, 4)

export function prepare(kernel: SimKernel): void {
  kernel.fail('copy_to_user', 1, 'EFAULT')
}

function messageOps({ dma, ...context }: DriverContext): DmaBufOps {
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

function exportMessage(context: DriverContext, ops: DmaBufOps, size: number): Buffer {
  const pages = context.allocPages(size, { zero: true })
  try {
    return context.dmaBufExport({ size: pages.size, ops, flags: 2, priv: pages })
  } catch (error) {
    context.freePages(pages)
    throw error
  }
}

function alloc(context: DriverContext, ops: DmaBufOps, call: IoctlCall): void {
  const size = new DataView(context.copyFromUser(call.argument, 4).buffer).getUint32(0, true)
  const message = exportMessage(context, ops, size)
  let fd: number
  try {
    fd = context.dmaBufFd(message, 2, call)
  } catch (error) {
    context.dmaBufPut(message)
    throw error
  }
  context.copyToUser(call.argument, new Uint8Array(Int32Array.of(fd).buffer))
}

const rpc: Driver = {
  name: 'rpc driver',
  probe(context) {
    const ops = messageOps(context)
    const ioctl = (call: IoctlCall): number => {
      if (call.request !== ALLOC) throw new KernelError('ENOTTY', 'ALLOC is known')
      alloc(context, ops, call)
      return 0
    }
    context.miscRegister({ name: 'rpc', open: () => ({ ioctl }) })
  },
}

export const drivers = [rpc]

export default async function call(kernel: Kernel): Promise<Uint8Array> {
  const { sys } = kernel
  const device = sys.open('/dev/rpc', 2)
  const argument = Int32Array.of(4096)
  const bytes = new Uint8Array(argument.buffer)
  while ((await sys.ioctl(device, ALLOC, { bytes })) < 0);
  using buffer = DmaBuf.adopt(kernel, argument[0] ?? -1)
  await buffer.withCpuAccess('write', (memory) => memory.fill(7))
  const message = await buffer.withCpuAccess('read', (memory) => memory.slice())
  sys.close(device)
  return message
}
