import type { ErrnoCode } from '../abi/errno.ts'
import type { Choices } from './choices.ts'
import { KernelError } from './kernel-error.ts'

/**
 * Places inside the kernel and its drivers that may fail, by the names of the kernel's own functions, and the usual
 * error of each.
 */
const USUAL_ERRORS = {
  alloc_pages: 'ENOMEM',
  kmalloc: 'ENOMEM',
  vmalloc: 'ENOMEM',
  copy_to_user: 'EFAULT',
  copy_from_user: 'EFAULT',
  get_unused_fd_flags: 'EMFILE',
  idr_alloc: 'ENOMEM',
  memfd_pin_folios: 'ENOMEM',
  dma_buf_export: 'ENOMEM',
  attach: 'EBUSY',
  pin: 'ENOMEM',
  map_dma_buf: 'ENOMEM',
  vmap: 'ENOMEM',
  begin_cpu_access: 'EIO',
  end_cpu_access: 'EIO',
  dma_resv_reserve_fences: 'ENOMEM',
  dma_map_sgtable: 'EIO',
  dma_map_page: 'EIO',
  dma_alloc_coherent: 'ENOMEM',
  swiotlb_tbl_map_single: 'EIO',
} as const

/** The name of a place that may fail. */
export type FaultPlace = keyof typeof USUAL_ERRORS

export const FAULT_PLACES: readonly string[] = Object.keys(USUAL_ERRORS)

/** Undefined for a name that is not a place. */
export function usualErrorOfPlace(name: string): ErrnoCode | undefined {
  return Object.hasOwn(USUAL_ERRORS, name) ? USUAL_ERRORS[name as FaultPlace] : undefined
}

/** The `nth` passage of a place, or call, that shall fail with `code`. */
export interface PlannedFault {
  readonly name: string
  /** The first is 1. */
  readonly nth: number
  readonly code: string
}

/** Failures that a strategy chooses. */
interface ChosenFailures {
  readonly choices: Choices
  /** The error of a call or place; undefined for one that does not fail. */
  readonly codeOf: (name: string) => string | undefined
}

/** Failures of calls and places, planned or chosen: they drive every unwind path. */
export class FaultPoints {
  /** Failures that were chosen, in order. */
  readonly chosen: PlannedFault[] = []
  /** Failures that did not happen so far. */
  readonly #planned = new Set<PlannedFault>()
  readonly #counts = new Map<string, number>()
  #choosing: ChosenFailures | undefined

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

  /** From here on each passage is a choice: it succeeds, which comes first, or fails. Undefined: no longer. */
  choose(choosing: ChosenFailures | undefined): void {
    this.#choosing = choosing
  }

  /** Counts the passage; the code that it shall fail with, if that was planned or is chosen. */
  next(name: string): string | undefined {
    const count = (this.#counts.get(name) ?? 0) + 1
    this.#counts.set(name, count)
    for (const fault of this.#planned) {
      if (fault.name !== name || fault.nth !== count) continue
      this.#planned.delete(fault)
      return fault.code
    }
    return this.#chosen(name, count)
  }

  #chosen(name: string, nth: number): string | undefined {
    const code = this.#choosing?.codeOf(name)
    if (this.#choosing === undefined || code === undefined) return undefined
    const point = { kind: 'failure', options: 2, call: name, code } as const
    if (this.#choosing.choices.choose(point) === 0) return undefined
    this.chosen.push({ name, nth, code })
    return code
  }

  /** Counts the passage, and throws the KernelError that was planned or is chosen for it. */
  pass(name: FaultPlace): void {
    const code = this.next(name)
    if (code !== undefined) throw new KernelError(code, `${name} was made to fail`)
  }
}
