// expect: reference-misuse
// bytes: right everywhere
// An imported buffer turned out not to be contiguous for the device. The object that stood for it was
// given up, with which it was unmapped, detached and put; and then the error path of the import did all
// of it once more (amd/xdna-driver, PR 852). The accelerator below takes one segment of 64 KiB at most; a
// larger buffer is refused, and the program works on it in a smaller one.
import { DmaHeap, type Kernel } from 'dmabuf'
import {
  type Attachment,
  type DmaBuf,
  type DmaMapping,
  type Driver,
  type DriverContext,
  type IoctlCall,
  iowr,
  KernelError,
} from 'dmabuf/driver'

/** A descriptor in, the sum of the buffer's bytes out. */
const SUM = iowr('N', 0, 4)
const LONGEST = 65_536

interface Imported {
  readonly buffer: DmaBuf
  readonly attachment: Attachment
  readonly mapping: DmaMapping
}

async function putImported(context: DriverContext, imported: Imported): Promise<void> {
  const { buffer, attachment, mapping } = imported
  await context.dmaBufUnmapAttachmentUnlocked(attachment, mapping, 'to-device')
  context.dmaBufDetach(buffer, attachment)
  context.dmaBufPut(buffer)
}

/** May sleep. EINVAL for what is not one segment; the buffer has been put then. */
async function requireContiguous(context: DriverContext, imported: Imported): Promise<void> {
  if (imported.mapping.segments.length === 1) return
  await putImported(context, imported)
  throw new KernelError('EINVAL', 'the buffer is not contiguous for the device')
}

/** May sleep. Leaves nothing behind where it fails. */
async function importBuffer(context: DriverContext, buffer: DmaBuf): Promise<Imported> {
  let attachment: Attachment | undefined
  let mapping: DmaMapping | undefined
  try {
    attachment = await context.dmaBufAttach(buffer, 'npu')
    mapping = await context.dmaBufMapAttachmentUnlocked(attachment, 'to-device')
    const imported = { buffer, attachment, mapping }
    await requireContiguous(context, imported)
    return imported
  } catch (error) {
    if (attachment !== undefined && mapping !== undefined) {
      await context.dmaBufUnmapAttachmentUnlocked(attachment, mapping, 'to-device')
    }
    if (attachment !== undefined) context.dmaBufDetach(buffer, attachment)
    context.dmaBufPut(buffer)
    throw error
  }
}

/** May sleep. */
async function sum(context: DriverContext, call: IoctlCall): Promise<number> {
  const fd = new DataView(context.copyFromUser(call.argument, 4).buffer).getInt32(0, true)
  const imported = await importBuffer(context, context.dmaBufGet(fd, call))
  try {
    const bytes = new Uint8Array(imported.buffer.size)
    const job = context.startJob(imported.mapping, 'read')
    job.load(0, bytes)
    job.finish()
    const total = Int32Array.of(bytes.reduce((sum, byte) => sum + byte, 0))
    context.copyToUser(call.argument, new Uint8Array(total.buffer))
    return 0
  } finally {
    await putImported(context, imported)
  }
}

const npu: Driver = {
  name: 'npu driver',
  probe(context) {
    context.registerDevice('npu', { maxSegmentSize: LONGEST })
    const ioctl = (call: IoctlCall): Promise<number> => {
      if (call.request !== SUM) throw new KernelError('ENOTTY', 'SUM is known')
      return sum(context, call)
    }
    context.miscRegister({ name: 'npu', open: () => ({ ioctl }) })
  },
}

export const drivers = [npu]

export default async function sums(kernel: Kernel): Promise<(number | undefined)[]> {
  const { sys } = kernel
  using heap = DmaHeap.open(kernel)
  const device = sys.open('/dev/npu', 2)
  const found: (number | undefined)[] = []
  for (const size of [4 * LONGEST, LONGEST]) {
    using buffer = await heap.allocate(size)
    await buffer.withCpuAccess('write', (bytes) => bytes.fill(1))
    const argument = Int32Array.of(buffer.fd)
    const result = await sys.ioctl(device, SUM, { bytes: new Uint8Array(argument.buffer) })
    found.push(result < 0 ? result : argument[0])
  }
  sys.close(device)
  return found
}
