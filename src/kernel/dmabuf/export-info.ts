/**
 * The arguments of dma_buf_export and its checks. Source: dma_buf_export in
 * drivers/dma-buf/dma-buf.c of Linux 6.12.
 */
import type { DriverName } from '../../events/event.ts'
import type { Reservation } from '../fence/reservation.ts'
import type { DmaBufOps } from './ops.ts'

export interface ExportInfo {
  /** exp_name: the name in fdinfo and debugfs. */
  readonly exporter: string
  /** In bytes; zero and partial pages are accepted. */
  readonly size: number
  readonly ops: DmaBufOps
  /** The exporter's own data; anything but undefined and null. */
  readonly priv: unknown
  /** The driver that exports; one of the models, with the exporter's name, when left out. */
  readonly driver?: DriverName | undefined
  /** Of the file: an access mode and O_NONBLOCK; 0 (O_RDONLY) when left out. */
  readonly flags?: number | undefined
  /** A reservation that buffers share. Default: a new one. */
  readonly resv?: Reservation | undefined
}

/**
 * The fault that the kernel refuses with EINVAL and a warning, in its order of checks; undefined:
 * accepted.
 */
export function exportProblem(info: ExportInfo): string | undefined {
  const { ops, priv, size } = info
  if (priv === undefined || priv === null) return 'there is no priv data'
  if (typeof ops !== 'object' || ops === null) return 'there are no ops'
  const missing = (['mapDmaBuf', 'unmapDmaBuf', 'release'] as const).filter(
    (name) => typeof ops[name] !== 'function',
  )
  if (missing.length > 0) return `the ops lack ${missing.join(', ')}`
  const pins = ops.pin !== undefined
  const unpins = ops.unpin !== undefined
  if (ops.cacheSgtMapping === true && (pins || unpins)) {
    return 'cacheSgtMapping goes not together with pin and unpin: a kept mapping cannot move'
  }
  if (pins !== unpins) return `there is ${pins ? 'pin' : 'unpin'} without ${pins ? 'unpin' : 'pin'}`
  if (!Number.isSafeInteger(size) || size < 0) return `size is ${size}: no count of bytes`
  return undefined
}
