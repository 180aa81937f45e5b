import { KernelError } from './kernel-error.ts'

/** Places inside the kernel and its drivers that may fail, by the names of the kernel's own functions. */
export const FAULT_PLACES = [
  'alloc_pages',
  'kmalloc',
  'vmalloc',
  'copy_to_user',
  'copy_from_user',
  'get_unused_fd_flags',
  'idr_alloc',
  'memfd_pin_folios',
  'dma_buf_export',
  'attach',
  'pin',
  'map_dma_buf',
  'vmap',
  'begin_cpu_access',
  'end_cpu_access',
  'dma_resv_reserve_fences',
  'dma_map_sgtable',
  'dma_map_page',
  'dma_alloc_coherent',
  'swiotlb_tbl_map_single',
] as const

/** One of `FAULT_PLACES`. */
export type FaultPlace = (typeof FAULT_PLACES)[number]

/** The `nth` passage of a place, or call, that shall fail with `code`. */
export interface PlannedFault {
  readonly name: string
  /** The first is 1. */
  readonly nth: number
  readonly code: string
}

/** Planned failures of calls and places: they drive every unwind path. */
export class FaultPoints {
  /** Failures that did not happen so far. */
  readonly #planned = new Set<PlannedFault>()
  readonly #counts = new Map<string, number>()

  /** Makes the `nth` passage (the first is 1) of the place `name` fail with `code`. */
  plan(name: string, nth: number, code: string): void {
    this.#planned.add({ name, nth, code })
  }

  /** How often each place was passed so far. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts
  }

  /** Failures that were planned and did not happen so far. */
  get notReached(): PlannedFault[] {
    return [...this.#planned]
  }

  /** Counts the passage; the code that it shall fail with, if one was planned. */
  next(name: string): string | undefined {
    const count = (this.#counts.get(name) ?? 0) + 1
    this.#counts.set(name, count)
    for (const fault of this.#planned) {
      if (fault.name !== name || fault.nth !== count) continue
      this.#planned.delete(fault)
      return fault.code
    }
    return undefined
  }

  /** Counts the passage, and throws the KernelError that was planned for it. */
  pass(name: FaultPlace): void {
    const code = this.next(name)
    if (code !== undefined) throw new KernelError(code, `${name} was made to fail`)
  }
}
