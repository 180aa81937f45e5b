// expect: clean
// bytes: right everywhere
// The queue of B17, with both operations.
import { DmaBuf as Buffer, type Kernel } from 'dmabuf'
import {
  type DmaBuf,
  type DmaBufOps,
  type DmaMapping,
  type Driver,
  type DriverContext,
  type DriverFile,
  iowr,
  KernelError,
  type KernelMemory,
} from 'dmabuf/driver'

const SIZE = 64 * 1024
/** Returns a descriptor of the buffer. */
const EXPORT = iowr('G', 0, 4)
/** Fills it with the value that the argument says. */
const GRAB = iowr('G', 1, 4)

interface Slot {
  readonly pages: KernelMemory
  /** For the grabber itself, and for those who import the buffer. */
  readonly mappings: Set<DmaMapping>
}

function slotOf({ priv }: DmaBuf): Slot {
  return priv as Slot
}

function map(context: DriverContext, { pages, mappings }: Slot, device: string): DmaMapping {
  const table = context.sgAllocTableFromPages(pages)
  const mapping = context.dma.mapSgtable(device, table, 'bidirectional')
  mappings.add(mapping)
  return mapping
}

function slotOps(context: DriverContext): DmaBufOps {
  const { dma } = context
  return {
    mapDmaBuf: ({ buffer, device }) => map(context, slotOf(buffer), device),
    unmapDmaBuf({ buffer }, mapping) {
      slotOf(buffer).mappings.delete(mapping)
      dma.unmapSgtable(mapping, 'bidirectional')
    },
    beginCpuAccess(buffer) {
      for (const each of slotOf(buffer).mappings) dma.syncSgtableForCpu(each, 'bidirectional')
    },
    endCpuAccess(buffer) {
      for (const each of slotOf(buffer).mappings) dma.syncSgtableForDevice(each, 'bidirectional')
    },
    mmap: (buffer, offset, length) => context.remapPages(slotOf(buffer).pages, offset, length),
    release(buffer) {
      const { pages, mappings } = slotOf(buffer)
      for (const mapping of mappings) dma.unmapSgtable(mapping, 'bidirectional')
      context.freePages(pages)
    },
  }
}

/** May sleep, while the picture comes. */
async function grab(context: DriverContext, mapping: DmaMapping, value: number): Promise<void> {
  const job = context.startJob(mapping, 'write')
  await context.sleep(1_000_000)
  job.store(0, new Uint8Array(SIZE).fill(value))
  job.finish()
}

function openGrabber(context: DriverContext): DriverFile {
  const priv: Slot = { pages: context.allocPages(SIZE, { zero: true }), mappings: new Set() }
  const mapping = map(context, priv, 'grabber')
  const buffer = context.dmaBufExport({ size: SIZE, flags: 2, ops: slotOps(context), priv })
  return {
    async ioctl(call) {
      if (call.request === EXPORT) return context.dmaBufFd(context.getDmaBuf(buffer), 0, call)
      if (call.request !== GRAB) throw new KernelError('ENOTTY', 'EXPORT and GRAB are known')
      await grab(context, mapping, context.copyFromUser(call.argument, 1)[0] ?? 0)
      return 0
    },
    release: () => context.dmaBufPut(buffer),
  }
}

const grabber: Driver = {
  name: 'grabber driver',
  probe(context) {
    context.registerDevice('grabber')
    context.miscRegister({ name: 'grabber', open: () => openGrabber(context) })
  },
}

export const drivers = [grabber]

export default async function watch(kernel: Kernel): Promise<Uint8Array[]> {
  const { sys } = kernel
  const device = sys.open('/dev/grabber', 2)
  const argument = { bytes: new Uint8Array(4) }
  using buffer = Buffer.adopt(kernel, await sys.ioctl(device, EXPORT, argument))
  const pictures: Uint8Array[] = []
  for (let value = 1; value <= 4; value++) {
    argument.bytes[0] = value
    await sys.ioctl(device, GRAB, argument)
    await buffer.withCpuAccess('read', (bytes) => pictures.push(bytes.slice()))
  }
  sys.close(device)
  return pictures
}
