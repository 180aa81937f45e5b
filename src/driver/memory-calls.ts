import { PAGE_SIZE } from '../abi/fcntl.ts'
import type { MemoryAttribute, Range } from '../events/event.ts'
import { allocateMemory, type KernelMemory, type MemoryKind } from '../kernel/dma/kernel-memory.ts'
import { type SgTable, tableInPieces } from '../kernel/dma/sg-table.ts'
import type { UserMemory } from '../kernel/dmabuf/file.ts'
import type { CpuPages } from '../kernel/dmabuf/ops.ts'
import { assert, KernelError } from '../machine/kernel-error.ts'
import type { Bound } from './bound.ts'
import { withLines } from './lines.ts'

/** Which pages are wanted. */
export interface PageRequest {
  /** __GFP_ZERO. Without it the pages keep their previous contents. */
  readonly zero?: boolean | undefined
  /** All of them below this address (GFP_DMA, GFP_DMA32). */
  readonly below?: number | undefined
  /** One physical piece; false when left out. */
  readonly contiguous?: boolean | undefined
  /** As a sentence names them; `pages` when left out. */
  readonly what?: string | undefined
}

/** How a process or a driver sees pages. */
export interface CpuView {
  /** `cached` when left out. */
  readonly attribute?: MemoryAttribute | undefined
  /** Whether a process may let the mapping grow; without, it is VM_DONTEXPAND. */
  readonly expandable?: boolean | undefined
  /**
   * vm_operations_struct.fault: the mapping begins without pages, and each access to absent ones calls this
   * first, with whole pages as bytes of the buffer. `unmapMappingRange` makes them absent again. It may not
   * sleep.
   */
  readonly fault?: ((range: Range) => void) | undefined
}

/**
 * A driver's own memory, and copies to and from user space. Sizes and offsets are in bytes. A
 * driver loads and stores its memory with `load`, `store` and `fill`, exactly and through the
 * cache.
 */
export interface MemoryCalls {
  /** Whole pages for `size` bytes. ENOMEM, EINVAL. */
  allocPages(size: number, request?: PageRequest): KernelMemory
  /** Gives pages back. Nothing of them may be mapped or used any more. */
  freePages(pages: KernelMemory): void
  /** kmalloc: physically contiguous memory with its previous content. ENOMEM, EINVAL. */
  kmalloc(size: number, what?: string): KernelMemory
  /**
   * Once, and only for memory of kmalloc or `pieceOf` of this driver: any other call is reported
   * and has no effect.
   */
  kfree(memory: KernelMemory): void
  /** vmalloc: contiguous for the CPU alone, and no memory for dma_map_single. ENOMEM, EINVAL. */
  vmalloc(size: number, what?: string): KernelMemory
  vfree(memory: KernelMemory): void
  /**
   * `size` bytes of memory at `offset` as a separate allocation, which kfree frees: two of them may
   * share a page, and a cache line.
   */
  pieceOf(memory: KernelMemory, offset: number, size: number, what?: string): KernelMemory
  /**
   * Memory that was not allocated, and that no device may get: a variable on the stack, a constant,
   * a user's pointer. It ends with the driver.
   */
  memoryOn(kind: Extract<MemoryKind, 'stack' | 'rodata' | 'user'>, size: number): KernelMemory
  /**
   * sg_alloc_table_from_pages: all of `pages` as a scatter list. With `maxSegment`, in bytes, it is
   * sg_alloc_table_from_pages_segment: no entry is longer, though its pages follow each other.
   */
  sgAllocTableFromPages(pages: KernelMemory, maxSegment?: number): SgTable
  /** The result of an exporter's mmap and vmap for a part of its pages. */
  remapPages(pages: KernelMemory, offset: number, length: number, how?: CpuView): CpuPages
  /**
   * copy_to_user: writes `source` into an ioctl's argument, at `offset`. EFAULT where it does not fit,
   * and where `copy_to_user` was made to fail.
   */
  copyToUser(target: UserMemory, source: Uint8Array, offset?: number): void
  /** copy_from_user: `length` bytes of an ioctl's argument from `offset`. EFAULT. */
  copyFromUser(source: UserMemory, length: number, offset?: number): Uint8Array<ArrayBuffer>
}

export function memoryCalls(bound: Bound): MemoryCalls {
  return { ...allocationCalls(bound), ...pageCalls(bound), ...userCalls(bound) }
}

type AllocationCalls = Pick<
  MemoryCalls,
  'allocPages' | 'freePages' | 'kmalloc' | 'kfree' | 'vmalloc' | 'vfree' | 'pieceOf' | 'memoryOn'
>

function allocationCalls(bound: Bound): AllocationCalls {
  const { driver, ledger } = bound
  const { machine } = bound.host
  const own = (memory: KernelMemory): KernelMemory => {
    ledger.allocated(memory, bound.origin)
    bound.names.add(memory.storage, { buffer: memory.id, start: memory.start })
    return withLines(bound, memory)
  }
  const free = (memory: KernelMemory, operation: string): void => {
    if (ledger.freed(memory)) memory.free()
    else tellDoubleFree(bound, memory, operation)
  }
  const calls: AllocationCalls = {
    allocPages: (size, { zero, below, contiguous = false, what = 'pages' } = {}) =>
      bound.now(calls.allocPages, () => {
        const whole = Math.ceil(size / PAGE_SIZE) * PAGE_SIZE
        const kind = 'pages'
        const request = { size: whole, driver, what, kind, below, contiguous } as const
        const pages = own(allocateMemory(machine, request))
        if (zero === true) pages.fill(0)
        return pages
      }),
    freePages: (pages) => bound.now(calls.freePages, () => free(pages, '__free_pages')),
    kmalloc: (size, what = 'memory') =>
      bound.now(calls.kmalloc, () => {
        machine.faults.pass('kmalloc')
        return own(allocateMemory(machine, { size, driver, what, kind: 'kmalloc' }))
      }),
    kfree: (memory) => bound.now(calls.kfree, () => free(memory, 'kfree')),
    vmalloc: (size, what = 'memory') =>
      bound.now(calls.vmalloc, () => {
        machine.faults.pass('vmalloc')
        return own(allocateMemory(machine, { size, driver, what, kind: 'vmalloc' }))
      }),
    vfree: (memory) => bound.now(calls.vfree, () => free(memory, 'vfree')),
    pieceOf: (memory, offset, size, what = 'a piece') =>
      bound.now(calls.pieceOf, () => {
        const piece = memory.piece(offset, size, what, driver)
        ledger.allocated(piece, bound.origin)
        return withLines(bound, piece)
      }),
    memoryOn: (kind, size) =>
      bound.now(calls.memoryOn, () => {
        const memory = allocateMemory(machine, { size, driver, what: kind, kind })
        bound.undo.push(() => memory.free())
        return withLines(bound, memory)
      }),
  }
  return calls
}

type PageCalls = Pick<MemoryCalls, 'sgAllocTableFromPages' | 'remapPages'>

function pageCalls(bound: Bound): PageCalls {
  const check = (pages: KernelMemory, operation: string): KernelMemory => {
    assert(
      typeof pages === 'object' && pages !== null && 'storage' in pages,
      `${bound.driver.name}: the argument of ${operation} must be allocated memory`,
    )
    pages.checkAlive(operation, bound.driver)
    return pages
  }
  const calls: PageCalls = {
    sgAllocTableFromPages: (pages, maxSegment) =>
      bound.now(calls.sgAllocTableFromPages, () => {
        const { table } = check(pages, 'sg_alloc_table_from_pages')
        return maxSegment === undefined ? table : tableInPieces(table, maxSegment)
      }),
    remapPages: (pages, offset, length, how = {}) =>
      bound.now(calls.remapPages, () => {
        const { storage, start } = check(pages, 'remap_pfn_range')
        const { attribute = 'cached', expandable = false, fault } = how
        const runs = [{ storage, offset: start + offset, length }]
        return { runs, attribute, expandable, ...(fault === undefined ? {} : { fault }) }
      }),
  }
  return calls
}

type UserCalls = Pick<MemoryCalls, 'copyToUser' | 'copyFromUser'>

function userCalls(bound: Bound): UserCalls {
  const { faults } = bound.host.machine
  return {
    copyToUser: ({ bytes }, source, offset = 0) => {
      faults.pass('copy_to_user')
      requireInside('copy_to_user', bytes, offset, source.length)
      bytes.set(source, offset)
    },
    copyFromUser: ({ bytes }, length, offset = 0) => {
      faults.pass('copy_from_user')
      requireInside('copy_from_user', bytes, offset, length)
      return new Uint8Array(bytes.subarray(offset, offset + length))
    },
  }
}

function tellDoubleFree(bound: Bound, memory: KernelMemory, operation: string): void {
  const text = `${operation}: ${whichMemory(memory, bound.driver.name)}`
  bound.misuse({ code: 'put-after-release', operation, buffer: memory?.id, text })
}

function whichMemory(memory: KernelMemory | undefined, driver: string): string {
  if (typeof memory?.id !== 'number') return `${String(memory)} is not allocated memory`
  if (memory.freed) return `${memory.what} (${memory.id}) of ${driver} was already freed`
  return `${memory.what} (${memory.id}) does not belong to ${driver}, or is not a whole allocation`
}

function requireInside(call: string, bytes: Uint8Array, offset: number, length: number): void {
  if (offset >= 0 && length >= 0 && offset + length <= bytes.length) return
  throw new KernelError('EFAULT', `${call} of ${length} bytes at ${offset} of ${bytes.length}`)
}
