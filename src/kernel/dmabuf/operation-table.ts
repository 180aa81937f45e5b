import type { DmaBufOps } from './ops.ts'

/** The contract of one operation of an exporter. */
export interface OperationContract {
  /** The kernel's name. */
  readonly name: string
  /** Whether the core calls it with the reservation lock held. */
  readonly locked: boolean
  readonly maySleep: boolean
  readonly mayFail: boolean
  /** Its first arguments. */
  readonly takes: readonly ('buffer' | 'attachment')[]
}

export type OperationName = keyof Omit<DmaBufOps, 'cacheSgtMapping'>

/** Every operation. Source: struct dma_buf_ops in include/linux/dma-buf.h of Linux 6.12. */
export const OPERATIONS: Readonly<Record<OperationName, OperationContract>> = {
  attach: row('attach', { locked: false, maySleep: true, mayFail: true }, 'buffer', 'attachment'),
  detach: row('detach', { locked: false, maySleep: false, mayFail: false }, 'buffer', 'attachment'),
  pin: row('pin', { locked: true, maySleep: true, mayFail: true }, 'attachment'),
  unpin: row('unpin', { locked: true, maySleep: false, mayFail: false }, 'attachment'),
  mapDmaBuf: row('map_dma_buf', { locked: true, maySleep: true, mayFail: true }, 'attachment'),
  unmapDmaBuf: row(
    'unmap_dma_buf',
    { locked: true, maySleep: false, mayFail: false },
    'attachment',
  ),
  beginCpuAccess: row(
    'begin_cpu_access',
    { locked: false, maySleep: true, mayFail: true },
    'buffer',
  ),
  endCpuAccess: row('end_cpu_access', { locked: false, maySleep: true, mayFail: true }, 'buffer'),
  mmap: row('mmap', { locked: false, maySleep: false, mayFail: true }, 'buffer'),
  vmap: row('vmap', { locked: true, maySleep: true, mayFail: true }, 'buffer'),
  vunmap: row('vunmap', { locked: true, maySleep: false, mayFail: false }, 'buffer'),
  release: row('release', { locked: false, maySleep: false, mayFail: false }, 'buffer'),
}

function row(
  name: string,
  contract: Pick<OperationContract, 'locked' | 'maySleep' | 'mayFail'>,
  ...takes: OperationContract['takes']
): OperationContract {
  return { name, ...contract, takes }
}
