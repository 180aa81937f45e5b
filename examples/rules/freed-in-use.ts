// A driver moves a buffer, and frees pages that a process still has mapped.
// Expect: freed-in-use.
import { DmaBuf as Buffer, type Kernel } from 'dmabuf'
import {
  type DmaBuf,
  type DmaBufOps,
  type Driver,
  type DriverContext,
  type DriverFile,
  io,
  type KernelMemory,
} from 'dmabuf/driver'

const EXPORT = io('M', 0)
const MOVE = io('M', 1)
const SIZE = 4096

interface Memory {
  pages: KernelMemory
}

const memoryOf = ({ priv }: DmaBuf): Memory => priv as Memory

function opsOf({ dma, ...context }: DriverContext): DmaBufOps {
  return {
    mapDmaBuf: ({ buffer, device }, direction) =>
      dma.mapSgtable(device, context.sgAllocTableFromPages(memoryOf(buffer).pages), direction),
    unmapDmaBuf: (_attachment, mapping, direction) => dma.unmapSgtable(mapping, direction),
    mmap: (buffer, offset, length) => context.remapPages(memoryOf(buffer).pages, offset, length),
    release: (buffer) => context.freePages(memoryOf(buffer).pages),
  }
}

function move(context: DriverContext, buffer: DmaBuf): void {
  const memory = memoryOf(buffer)
  const before = memory.pages
  const bytes = new Uint8Array(SIZE)
  before.load(0, bytes)
  memory.pages = context.allocPages(SIZE)
  memory.pages.store(0, bytes)
  context.freePages(before)
}

function open(context: DriverContext): DriverFile {
  const priv: Memory = { pages: context.allocPages(SIZE, { zero: true }) }
  const buffer = context.dmaBufExport({ size: SIZE, flags: 2, ops: opsOf(context), priv })
  return {
    ioctl(call) {
      if (call.request === EXPORT) return context.dmaBufFd(context.getDmaBuf(buffer), 0, call)
      move(context, buffer)
      return 0
    },
    release: () => context.dmaBufPut(buffer),
  }
}

export const drivers: Driver[] = [
  {
    name: 'mover',
    probe: (context) => context.miscRegister({ name: 'mover', open: () => open(context) }),
  },
]

export default async function program(kernel: Kernel): Promise<Uint8Array> {
  const { sys } = kernel
  const device = sys.open('/dev/mover', 2)
  const call = (request: number): Promise<number> =>
    sys.ioctl(device, request, { bytes: new Uint8Array(0) })
  using buffer = Buffer.adopt(kernel, await call(EXPORT))
  using map = buffer.map()
  await buffer.startCpuAccess('write')
  map.fill(200)
  await buffer.endCpuAccess('write')
  await call(MOVE)
  sys.close(device)
  await buffer.startCpuAccess('read')
  const bytes = map.read()
  await buffer.endCpuAccess('read')
  return bytes
}
