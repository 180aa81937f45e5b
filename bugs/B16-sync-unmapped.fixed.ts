// expect: clean
// bytes: right everywhere
// The heap of B16, which syncs only what is mapped.
import { DmaHeap, type Kernel } from 'dmabuf'
import {
  type Attachment,
  type DmaBuf,
  type DmaBufOps,
  type DmaMapping,
  type Driver,
  type DriverContext,
  type DriverFile,
  iowr,
  KernelError,
  type KernelMemory,
  type SgTable,
} from 'dmabuf/driver'

interface HeapBuffer {
  readonly pages: KernelMemory
  readonly attached: Set<Attached>
}

/** What the heap keeps of an attachment. */
interface Attached {
  readonly device: string
  readonly table: SgTable
  mapping?: DmaMapping | undefined
}

function partsOf({ priv }: DmaBuf): HeapBuffer {
  return priv as HeapBuffer
}

function heapOps({ dma, ...context }: DriverContext): DmaBufOps {
  return {
    attach(buffer, attachment) {
      const { pages, attached } = partsOf(buffer)
      const { device } = attachment
      const one: Attached = { device, table: context.sgAllocTableFromPages(pages) }
      attachment.priv = one
      attached.add(one)
    },
    detach: (buffer, { priv }) => void partsOf(buffer).attached.delete(priv as Attached),
    mapDmaBuf({ device, priv }, direction) {
      const one = priv as Attached
      one.mapping = dma.mapSgtable(device, one.table, direction)
      return one.mapping
    },
    unmapDmaBuf({ priv }, mapping, direction) {
      const one = priv as Attached
      one.mapping = undefined
      dma.unmapSgtable(mapping, direction)
    },
    beginCpuAccess(buffer) {
      for (const one of partsOf(buffer).attached) {
        if (one.mapping) dma.syncSgtableForCpu(one.mapping, one.mapping.direction)
      }
    },
    endCpuAccess(buffer) {
      for (const one of partsOf(buffer).attached) {
        if (one.mapping) dma.syncSgtableForDevice(one.mapping, one.mapping.direction)
      }
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
      return context.dmaBufExport({ size, ops, flags: 2, priv: { pages, attached: new Set() } })
    }
    context.dmaHeapAdd({ name: 'pages', allocate })
  },
}

/** Attaches the dma-buf whose descriptor it is given. */
const IMPORT = iowr('C', 0, 4)
/** The sum of the buffer's bytes, in place of the argument. */
const SUM = iowr('C', 1, 4)

/** May sleep: the device reads all of the buffer. */
async function sum(context: DriverContext, attachment: Attachment): Promise<number> {
  const mapping = await context.dmaBufMapAttachmentUnlocked(attachment, 'to-device')
  const bytes = new Uint8Array(mapping.size)
  const job = context.startJob(mapping, 'read')
  job.load(0, bytes)
  job.finish()
  await context.dmaBufUnmapAttachmentUnlocked(attachment, mapping, 'to-device')
  return bytes.reduce((total, byte) => total + byte, 0)
}

function openSummer(context: DriverContext): DriverFile {
  let attachment: Attachment | undefined
  return {
    async ioctl(call) {
      if (call.request === IMPORT && attachment === undefined) {
        const fd = new DataView(context.copyFromUser(call.argument, 4).buffer).getInt32(0, true)
        attachment = await context.dmaBufAttach(context.dmaBufGet(fd, call), 'summer')
      } else if (call.request === SUM && attachment !== undefined) {
        const total = await sum(context, attachment)
        context.copyToUser(call.argument, new Uint8Array(Int32Array.of(total).buffer))
      } else throw new KernelError('EINVAL', 'IMPORT comes once, and SUM after it')
      return 0
    },
    release() {
      if (attachment === undefined) return
      const { buffer } = attachment
      context.dmaBufDetach(buffer, attachment)
      context.dmaBufPut(buffer)
    },
  }
}

const summer: Driver = {
  name: 'summer',
  probe(context) {
    context.registerDevice('summer')
    context.miscRegister({ name: 'summer', open: () => openSummer(context) })
  },
}

export const drivers = [heap, summer]

export default async function sums(kernel: Kernel): Promise<number[]> {
  const { sys } = kernel
  using heap = DmaHeap.open(kernel, 'pages')
  using buffer = await heap.allocate(8192)
  const device = sys.open('/dev/summer', 2)
  const argument = Int32Array.of(buffer.fd)
  const bytes = new Uint8Array(argument.buffer)
  await sys.ioctl(device, IMPORT, { bytes })
  const found: number[] = []
  for (const value of [1, 2, 3]) {
    await buffer.withCpuAccess('write', (memory) => memory.fill(value))
    await sys.ioctl(device, SUM, { bytes })
    found.push(argument[0] ?? 0)
  }
  sys.close(device)
  return found
}
