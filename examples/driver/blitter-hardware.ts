/** The blitter's hardware. */
import type { DmaMapping, DriverContext } from 'dmabuf/driver'

/** Bytes in a burst, and the time of a burst in nanoseconds. */
const BURST = 4096
const BURST_TIME = 2000

/** The device's registers, as the driver writes them. */
export interface Registers {
  readonly table: DmaMapping
  readonly source: DmaMapping
  readonly target: DmaMapping
  /** In bytes. */
  readonly length: number
}

/** May sleep, until the interrupt: every byte of the source went through the table into the target. */
export async function runBlitter(
  context: DriverContext,
  { table, source, target, length }: Registers,
): Promise<void> {
  const replaced = new Uint8Array(256)
  const fetch = context.startJob(table, 'read')
  fetch.load(0, replaced)
  fetch.finish()
  const range = { start: 0, end: length }
  const read = context.startJob(source, 'read', range)
  const write = context.startJob(target, 'write', range)
  for (let at = 0; at < length; at += BURST) {
    const bytes = new Uint8Array(Math.min(BURST, length - at))
    read.load(at, bytes)
    await context.sleep(BURST_TIME)
    write.store(
      at,
      bytes.map((byte) => replaced[byte] ?? 0),
    )
  }
  read.finish()
  write.finish()
}
