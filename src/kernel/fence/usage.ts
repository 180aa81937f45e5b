/**
 * The meaning of a fence of a buffer, the most binding first: it decides who has to wait. Source:
 * enum dma_resv_usage in include/linux/dma-resv.h of Linux 6.12.
 */
const ORDER = ['kernel', 'write', 'read', 'bookkeep'] as const

/**
 * `kernel`: memory is moved or cleared, all users wait; `write` and `read`: implicit
 * synchronisation; `bookkeep`: no implicit wait.
 */
export type FenceUsage = (typeof ORDER)[number]

/** Whether a query for `asked` gives fences of `usage`: those at least as binding. */
export function covers(asked: FenceUsage, usage: FenceUsage): boolean {
  return ORDER.indexOf(usage) <= ORDER.indexOf(asked)
}

/** dma_resv_usage_rw: the usages that a new access waits for; a writer waits for readers too. */
export function usageToWaitFor(access: 'read' | 'write'): FenceUsage {
  return access === 'write' ? 'read' : 'write'
}
