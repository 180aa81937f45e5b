// expect: mapping-leak
// bytes: right everywhere
// Memory was registered with a secure world by its descriptor: imported, attached, mapped. When it was
// given back it was unmapped and put, and never detached (linaro-swg/linux, issue 86; the same in a
// camera stack, raspberrypi/linux, PR 3946 and 4277, and in xe, CVE-2026-46201). What the exporter keeps
// of each attachment stays, and its device is still on the list when the buffer is gone.
import { DmaHeap, type Kernel } from 'dmabuf'
import {
  type Attachment,
  type DmaMapping,
  type Driver,
  type DriverContext,
  type DriverFile,
  type IoctlCall,
  iow,
  iowr,
  KernelError,
} from 'dmabuf/driver'

/** Registers the dma-buf whose descriptor it is given; one for each open file. */
const REGISTER = iow('T', 0, 4)
/** The digest of what is registered, in place of the argument. */
const DIGEST = iowr('T', 1, 4)

interface Shared {
  readonly attachment: Attachment
  readonly mapping: DmaMapping
}

/** May sleep. Leaves nothing behind where it fails. */
async function register(context: DriverContext, call: IoctlCall): Promise<Shared> {
  const fd = new DataView(context.copyFromUser(call.argument, 4).buffer).getInt32(0, true)
  const buffer = context.dmaBufGet(fd, call)
  let attachment: Attachment | undefined
  try {
    attachment = await context.dmaBufAttach(buffer, 'tee')
    const mapping = await context.dmaBufMapAttachmentUnlocked(attachment, 'to-device')
    return { attachment, mapping }
  } catch (error) {
    if (attachment !== undefined) context.dmaBufDetach(buffer, attachment)
    context.dmaBufPut(buffer)
    throw error
  }
}

async function unregister(context: DriverContext, { attachment, mapping }: Shared): Promise<void> {
  const { buffer } = attachment
  await context.dmaBufUnmapAttachmentUnlocked(attachment, mapping, 'to-device')
  context.dmaBufPut(buffer)
}

/** What the secure world makes of the bytes. */
function digest(context: DriverContext, { mapping }: Shared): number {
  const bytes = new Uint8Array(mapping.size)
  const job = context.startJob(mapping, 'read')
  job.load(0, bytes)
  job.finish()
  return bytes.reduce((sum, byte) => (Math.imul(sum, 31) + byte) | 0, 7)
}

function openTee(context: DriverContext): DriverFile {
  let shared: Shared | undefined
  return {
    async ioctl(call) {
      if (call.request === REGISTER && shared === undefined) {
        shared = await register(context, call)
      } else if (call.request === DIGEST && shared !== undefined) {
        const sum = Int32Array.of(digest(context, shared))
        context.copyToUser(call.argument, new Uint8Array(sum.buffer))
      } else throw new KernelError('EINVAL', 'REGISTER comes once, and DIGEST after it')
      return 0
    },
    release() {
      if (shared !== undefined) void unregister(context, shared)
    },
  }
}

const tee: Driver = {
  name: 'tee driver',
  probe(context) {
    context.registerDevice('tee')
    context.miscRegister({ name: 'tee', open: () => openTee(context) })
  },
}

export const drivers = [tee]

export default async function digests(kernel: Kernel): Promise<(number | undefined)[]> {
  const { sys } = kernel
  using heap = DmaHeap.open(kernel)
  const found: (number | undefined)[] = []
  for (const value of [1, 2, 3]) {
    using buffer = await heap.allocate(8192)
    await buffer.withCpuAccess('write', (bytes) => bytes.fill(value))
    const device = sys.open('/dev/tee', 2)
    const argument = Int32Array.of(buffer.fd)
    const bytes = new Uint8Array(argument.buffer)
    await sys.ioctl(device, REGISTER, { bytes })
    await sys.ioctl(device, DIGEST, { bytes })
    found.push(argument[0])
    sys.close(device)
  }
  return found
}
