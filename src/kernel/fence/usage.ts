/**
 * What a fence of a buffer is about, the most binding first: who has to wait for it follows from that.
 * Source: enum dma_resv_usage in include/linux/dma-resv.h of Linux 6.12.
 */
const ORDER = ['kernel', 'write', 'read', 'bookkeep'] as const

/**
 * `kernel`: memory is moved or cleared, everybody waits; `write` and `read`: what implicit
 * synchronisation is about; `bookkeep`: nobody waits implicitly.
 */
export type FenceUsage = (typeof ORDER)[number]

/** Whether a query for `asked` gives fences of `usage`: those at least as binding. */
export function covers(asked: FenceUsage, usage: FenceUsage): boolean {
  return ORDER.indexOf(usage) <= ORDER.indexOf(asked)
}

/** dma_resv_usage_rw: what a new access has to wait for; a writer waits for readers too. */
export function usageToWaitFor(access: 'read' | 'write'): FenceUsage {
  return access === 'write' ? 'read' : 'write'
}
