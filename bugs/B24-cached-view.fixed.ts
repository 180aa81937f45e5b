// expect: clean
// bytes: right everywhere
// The driver of B24, whose programs see the memory as it does.
import { DmaBuf as Buffer, type Kernel } from 'dmabuf'
import {
  type DmaBuf,
  type DmaBufOps,
  type DmaMemory,
  type Driver,
  type DriverContext,
  type DriverFile,
  iowr,
  KernelError,
} from 'dmabuf/driver'

const SIZE = 64 * 1024
/** Returns a descriptor of the screen. */
const EXPORT = iowr('S', 0, 4)
/** Draws all of it in the grey that the argument says. */
const DRAW = iowr('S', 1, 4)

function screenOf({ priv }: DmaBuf): DmaMemory {
  return priv as DmaMemory
}

function screenOps({ dma, ...context }: DriverContext): DmaBufOps {
  return {
    mapDmaBuf({ buffer, device }, direction) {
      const table = context.sgAllocTableFromPages(screenOf(buffer).memory)
      return dma.mapSgtable(device, table, direction, { skipCpuSync: true })
    },
    unmapDmaBuf: (_attachment, mapping, direction) =>
      dma.unmapSgtable(mapping, direction, { skipCpuSync: true }),
    mmap: (buffer, offset, length) =>
      context.remapPages(screenOf(buffer).memory, offset, length, { attribute: 'write-combine' }),
    release: (buffer) => dma.freeCoherent(screenOf(buffer)),
  }
}

/** May sleep, while the GPU draws. */
async function draw(context: DriverContext, screen: DmaBuf, grey: number): Promise<void> {
  const job = context.startJob(screenOf(screen).mapping, 'write')
  await context.sleep(1_000_000)
  job.store(0, new Uint8Array(SIZE).fill(grey))
  job.finish()
}

function openScreen(context: DriverContext): DriverFile {
  const priv = context.dma.allocCoherent('v3d', SIZE, { attribute: 'write-combine' })
  const screen = context.dmaBufExport({ size: SIZE, flags: 2, ops: screenOps(context), priv })
  return {
    async ioctl(call) {
      if (call.request === EXPORT) return context.dmaBufFd(context.getDmaBuf(screen), 0, call)
      if (call.request !== DRAW) throw new KernelError('ENOTTY', 'EXPORT and DRAW are known')
      await draw(context, screen, context.copyFromUser(call.argument, 1)[0] ?? 0)
      return 0
    },
    release: () => context.dmaBufPut(screen),
  }
}

const gpu: Driver = {
  name: 'v3d driver',
  probe(context) {
    context.registerDevice('v3d')
    context.miscRegister({ name: 'screen', open: () => openScreen(context) })
  },
}

export const drivers = [gpu]

export default async function grab(kernel: Kernel): Promise<Uint8Array[]> {
  const { sys } = kernel
  const device = sys.open('/dev/screen', 2)
  const argument = { bytes: new Uint8Array(4) }
  using screen = Buffer.adopt(kernel, await sys.ioctl(device, EXPORT, argument))
  const pictures: Uint8Array[] = []
  for (const grey of [60, 120, 180]) {
    argument.bytes[0] = grey
    await sys.ioctl(device, DRAW, argument)
    await screen.withCpuAccess('read', (bytes) => pictures.push(bytes.slice()))
  }
  sys.close(device)
  return pictures
}
