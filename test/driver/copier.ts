/**
 * A custom importer: a device /dev/copier that copies one dma-buf to another by DMA. The ioctl
 * takes the two descriptors, as 32-bit numbers.
 */
import {
  type Attachment,
  type DmaBuf,
  type DmaDirection,
  type DmaMapping,
  type Driver,
  type DriverContext,
  type IoctlCall,
  iow,
  KernelError,
} from 'dmabuf/driver'

export const COPY: number = iow('C', 0, 8)
export const DEVICE = 'copier'

export interface Imported {
  readonly buffer: DmaBuf
  readonly attachment: Attachment
  readonly mapping: DmaMapping
  readonly direction: DmaDirection
}

export type Copy = (context: DriverContext, call: IoctlCall) => Promise<number>

/** `copy` is the body of the ioctl: `copyBuffers`, or a wrong one. */
export function copier(copy: Copy = copyBuffers, name = 'copier'): Driver {
  return {
    name,
    probe(context) {
      context.registerDevice(DEVICE, { maxSegmentSize: 2 ** 20 })
      context.miscRegister({
        name: 'copier',
        open: () => ({
          ioctl: async (call) => {
            if (call.request !== COPY) throw new KernelError('ENOTTY', 'COPY is known')
            return await copy(context, call)
          },
        }),
      })
    },
  }
}

export async function copyBuffers(context: DriverContext, call: IoctlCall): Promise<number> {
  const [from, to] = fdsOf(context, call)
  const source = await open(context, call, from, 'to-device')
  try {
    const target = await open(context, call, to, 'from-device')
    try {
      await transfer(context, source, target)
    } finally {
      await close(context, target)
    }
  } finally {
    await close(context, source)
  }
  return 0
}

export function fdsOf(context: DriverContext, call: IoctlCall): [number, number] {
  const view = new DataView(context.copyFromUser(call.argument, 8).buffer)
  return [view.getInt32(0, true), view.getInt32(4, true)]
}

/** May sleep. Undoes its steps if it fails. */
export async function open(
  context: DriverContext,
  call: IoctlCall,
  fd: number,
  direction: DmaDirection,
): Promise<Imported> {
  const buffer = context.dmaBufGet(fd, call)
  try {
    const attachment = await context.dmaBufAttach(buffer, DEVICE)
    try {
      const mapping = await context.dmaBufMapAttachmentUnlocked(attachment, direction)
      return { buffer, attachment, mapping, direction }
    } catch (error) {
      context.dmaBufDetach(buffer, attachment)
      throw error
    }
  } catch (error) {
    context.dmaBufPut(buffer)
    throw error
  }
}

/** May sleep: the device reads, and writes a microsecond later. */
export async function transfer(
  context: DriverContext,
  source: Imported,
  target: Imported,
): Promise<void> {
  const bytes = new Uint8Array(Math.min(source.buffer.size, target.buffer.size))
  const range = { start: 0, end: bytes.length }
  const read = context.startJob(source.mapping, 'read', range)
  read.load(0, bytes)
  read.finish()
  const write = context.startJob(target.mapping, 'write', range)
  await context.sleep(1000)
  write.store(0, bytes)
  write.finish()
}

/** May sleep. */
export async function close(
  context: DriverContext,
  { buffer, attachment, mapping, direction }: Imported,
): Promise<void> {
  await context.dmaBufUnmapAttachmentUnlocked(attachment, mapping, direction)
  context.dmaBufDetach(buffer, attachment)
  context.dmaBufPut(buffer)
}
