// An importer maps with the call that takes the lock itself.
// Expect: clean.
import { DmaHeap, type Kernel } from 'dmabuf'
import { type Driver, type DriverContext, type IoctlCall, iow } from 'dmabuf/driver'

/** The device reads the buffer of a descriptor. */
const READ = iow('R', 0, 4)

async function read(context: DriverContext, call: IoctlCall): Promise<number> {
  const argument = new DataView(context.copyFromUser(call.argument, 4).buffer)
  const buffer = context.dmaBufGet(argument.getInt32(0, true), call)
  const attachment = await context.dmaBufAttach(buffer, 'reader')
  const mapping = await context.dmaBufMapAttachmentUnlocked(attachment, 'to-device')
  const job = context.startJob(mapping, 'read')
  job.load(0, new Uint8Array(buffer.size))
  job.finish()
  await context.dmaBufUnmapAttachmentUnlocked(attachment, mapping, 'to-device')
  context.dmaBufDetach(buffer, attachment)
  context.dmaBufPut(buffer)
  return 0
}

export const drivers: Driver[] = [
  {
    name: 'reader driver',
    probe(context) {
      context.registerDevice('reader')
      context.miscRegister({
        name: 'reader',
        open: () => ({ ioctl: (call) => read(context, call) }),
      })
    },
  },
]

export default async function program(kernel: Kernel): Promise<void> {
  const { sys } = kernel
  const device = sys.open('/dev/reader', 2)
  using heap = DmaHeap.open(kernel)
  using buffer = await heap.allocate(4096)
  await buffer.withCpuAccess('write', (bytes) => bytes.fill(200))
  await sys.ioctl(device, READ, { bytes: new Uint8Array(Int32Array.of(buffer.fd).buffer) })
  sys.close(device)
}
