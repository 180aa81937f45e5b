import type { ErrnoCode } from '../../abi/errno.ts'
import { usualErrorOf } from '../../syscalls/requests/index.ts'
import { usualErrorOfCall } from '../../syscalls/table.ts'

/** The usual error of each place inside the kernel; those of calls and requests are in their tables. */
const PLACES: Readonly<Record<string, ErrnoCode>> = {
  get_unused_fd_flags: 'EMFILE',
  alloc_pages: 'ENOMEM',
  kmalloc: 'ENOMEM',
  vmalloc: 'ENOMEM',
  memfd_pin_folios: 'ENOMEM',
  idr_alloc: 'ENOMEM',
  dma_resv_reserve_fences: 'ENOMEM',
  dma_buf_export: 'ENOMEM',
  dma_alloc_coherent: 'ENOMEM',
  vmap: 'ENOMEM',
  attach: 'EBUSY',
  map_dma_buf: 'ENOMEM',
  pin: 'ENOMEM',
  copy_to_user: 'EFAULT',
  copy_from_user: 'EFAULT',
}

/** Giving things back does not fail in a way that a program could do anything about. */
export function canFail(call: string): boolean {
  return usual(call) !== 'never'
}

/** EIO where nothing else is customary: every driver may return it. */
export function usualError(call: string): ErrnoCode {
  const code = usual(call)
  return code === undefined || code === 'never' ? 'EIO' : code
}

function usual(call: string): ErrnoCode | 'never' | undefined {
  return usualErrorOfCall(call) ?? usualErrorOf(call) ?? PLACES[call]
}
