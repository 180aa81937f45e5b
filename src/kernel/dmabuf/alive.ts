import type { DriverName } from '../../events/event.ts'
import type { Machine } from '../../machine/machine.ts'
import type { DmaBuf } from './dma-buf.ts'
import { reportMisuse } from './misuse.ts'

/** Reports a buffer that is used after its release. */
export function checkAlive(
  machine: Machine,
  { released, inode, exporter }: DmaBuf,
  operation: string,
  driver: DriverName,
): void {
  if (!released) return
  const text = `${operation}: buffer ${inode} of exporter ${exporter} was released`
  const what = { operation, driver, buffer: inode, text }
  reportMisuse(machine, { code: 'use-after-release', ...what })
}
