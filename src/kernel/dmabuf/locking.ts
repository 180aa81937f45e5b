/**
 * Who must hold a buffer's reservation lock, and who must not.
 * Source: "Locking Convention" in drivers/dma-buf/dma-buf.c of Linux 6.12.
 */
import type { DriverName } from '../../events/event.ts'
import type { Machine } from '../../machine/machine.ts'
import type { DmaBuf } from './dma-buf.ts'
import { reportMisuse } from './misuse.ts'

/** dma_resv_assert_held: the call goes on in any case. */
export function mustHold(
  machine: Machine,
  { resv, inode }: DmaBuf,
  operation: string,
  driver: DriverName,
): void {
  if (resv.isHeldByCaller) return
  const text = `${operation} wants ${resv.name} held by its caller, and it is not`
  reportMisuse(machine, { code: 'lock-not-held', operation, driver, buffer: inode, text })
}

/** might_lock: the call, or the exporter's operation below it, may take the lock itself. */
export function mustNotHold(
  machine: Machine,
  { resv, inode }: DmaBuf,
  operation: string,
  driver: DriverName,
): void {
  if (!resv.isHeldByCaller) return
  const text = `${operation} may take ${resv.name} itself, and its caller holds it already`
  reportMisuse(machine, { code: 'lock-held', operation, driver, buffer: inode, text })
}
