/**
 * A driver with a device `engine` and a file /dev/one, whose one request runs the body of a case.
 */
import { DmaHeap, type Kernel } from 'dmabuf'
import {
  type Attachment,
  type DmaBuf,
  type DmaDirection,
  type DmaMapping,
  type Driver,
  type DriverContext,
  type IoctlCall,
  iow,
} from 'dmabuf/driver'
import { request } from '../driver/harness.ts'
import type { Subject } from './fix-case.ts'

const GO = iow('G', 0, 4)
export const SIZE = 8192
export const DEVICE = 'engine'

export type Go = (context: DriverContext, call: IoctlCall) => unknown

export interface Driven {
  /** Instead of a device with large segments. */
  readonly register?: ((context: DriverContext) => void) | undefined
  readonly drivers?: readonly Driver[] | undefined
  readonly prepare?: Subject['prepare']
}

/** A program that makes the request once. */
export function driven(go: Go, { register, drivers = [], prepare }: Driven = {}): Subject {
  const driver: Driver = {
    name: 'one',
    probe(context) {
      if (register === undefined) context.registerDevice(DEVICE, { maxSegmentSize: 2 ** 20 })
      else register(context)
      context.miscRegister({
        name: 'one',
        open: () => ({
          async ioctl(call) {
            await go(context, call)
            return 0
          },
        }),
      })
    },
  }
  return { program: asked, drivers: [driver, ...drivers], prepare }
}

/** May sleep. The request fails where the driver throws. */
async function asked(kernel: Kernel): Promise<void> {
  using heap = DmaHeap.open(kernel)
  using buffer = await heap.allocate(SIZE)
  const result = await request(kernel, '/dev/one', GO, buffer.fd)
  if (result < 0) throw new Error(`the request failed with ${result}`)
}

/** The buffer of a heap that the program names; `dma_buf_put` it. */
export function named(context: DriverContext, call: IoctlCall): DmaBuf {
  const argument = new DataView(context.copyFromUser(call.argument, 4).buffer)
  return context.dmaBufGet(argument.getInt32(0, true), call)
}

export interface Imported {
  readonly attachment: Attachment
  readonly mapping: DmaMapping
}

/** May sleep. Attaches the device to the buffer and maps it. */
export async function take(
  context: DriverContext,
  buffer: DmaBuf,
  direction: DmaDirection,
): Promise<Imported> {
  const attachment = await context.dmaBufAttach(buffer, DEVICE)
  const mapping = await context.dmaBufMapAttachmentUnlocked(attachment, direction)
  return { attachment, mapping }
}

/** May sleep. */
export async function give(
  context: DriverContext,
  { attachment, mapping }: Imported,
  direction: DmaDirection,
): Promise<void> {
  await context.dmaBufUnmapAttachmentUnlocked(attachment, mapping, direction)
  context.dmaBufDetach(attachment.buffer, attachment)
}

/** May sleep. The device writes `value` everywhere. */
export async function write(
  context: DriverContext,
  mapping: DmaMapping,
  value = 1,
  size = mapping.size,
): Promise<void> {
  const job = context.startJob(mapping, 'write', { start: 0, end: size })
  await context.sleep(1000)
  job.store(0, new Uint8Array(size).fill(value))
  job.finish()
}

/** May sleep. The device reads all. */
export async function read(
  context: DriverContext,
  mapping: DmaMapping,
  size = mapping.size,
): Promise<void> {
  const job = context.startJob(mapping, 'read', { start: 0, end: size })
  await context.sleep(1000)
  job.load(0, new Uint8Array(size))
  job.finish()
}
