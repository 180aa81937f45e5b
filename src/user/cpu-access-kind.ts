import { assert } from '../uapi/assert.ts'
import { DMA_BUF_SYNC_READ, DMA_BUF_SYNC_RW, DMA_BUF_SYNC_WRITE } from '../uapi/dma-buf.ts'
import { PROT_READ, PROT_WRITE } from '../uapi/fcntl.ts'

/** What the CPU is going to do with a buffer. */
export type CpuAccessKind = 'read' | 'write' | 'read-write'

const flags: Readonly<Record<CpuAccessKind, number>> = {
  read: DMA_BUF_SYNC_READ,
  write: DMA_BUF_SYNC_WRITE,
  'read-write': DMA_BUF_SYNC_RW,
}

/** The DMA_BUF_SYNC_ flags of `access`; asserts that it is one of the three. Never sleeps. */
export function syncFlags(access: CpuAccessKind): number {
  assert(
    Object.hasOwn(flags, access),
    () => `access '${String(access)}' is not 'read', 'write' or 'read-write'`,
  )
  return flags[access]
}

/** The PROT_ bits of a mapping for `access`. The hardware has no pages to be stored to only. */
export function protectionOf(access: CpuAccessKind): number {
  return syncFlags(access) === DMA_BUF_SYNC_READ ? PROT_READ : PROT_READ | PROT_WRITE
}
