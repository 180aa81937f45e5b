/** The blitter's table: 256 bytes that the driver writes and the device fetches, mapped once. */
import { type DmaMapping, type DriverContext, KernelError, type KernelMemory } from 'dmabuf/driver'

export const DEVICE = 'blitter'
const TABLE_SIZE = 256

export interface Table {
  readonly memory: KernelMemory
  readonly mapping: DmaMapping
}

/** ENOMEM. */
export function makeTable(context: DriverContext): Table {
  const { dma } = context
  const memory = context.kmalloc(TABLE_SIZE, 'table')
  const mapping = dma.mapSingle(DEVICE, memory, 0, TABLE_SIZE, 'to-device')
  if (dma.mappingError(mapping)) {
    context.kfree(memory)
    throw new KernelError('ENOMEM', 'the table cannot be mapped')
  }
  return { memory, mapping }
}

/** The device may fetch the table afterwards: a byte becomes itself XOR `key`. */
export function fillTable({ dma }: DriverContext, { memory, mapping }: Table, key: number): void {
  memory.store(
    0,
    Uint8Array.from({ length: TABLE_SIZE }, (_, byte) => byte ^ key),
  )
  dma.syncSingleRangeForDevice(mapping, 0, TABLE_SIZE, 'to-device')
}

/** The device must be idle. */
export function freeTable(context: DriverContext, { memory, mapping }: Table): void {
  context.dma.unmapSingle(mapping, TABLE_SIZE, 'to-device')
  context.kfree(memory)
}
