import { PAGE_SIZE } from '../../abi/fcntl.ts'
import { F_SEAL_FUTURE_WRITE, F_SEAL_SHRINK, F_SEAL_WRITE } from '../../abi/memfd.ts'
import type { SgTable, StorageRun } from '../../kernel/dma/sg-table.ts'
import { tableOfPart } from '../../kernel/dma/sg-table.ts'
import type { CallerFiles } from '../../kernel/dmabuf/file.ts'
import type { Memfd, PinnedPages } from '../../kernel/shmem/memfd.ts'
import { memfdOf } from '../../kernel/shmem/memfd-file.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import type { UdmabufItem } from './udmabuf-request.ts'

/** The later 6.12.y refuses F_SEAL_FUTURE_WRITE as well. */
const DENIED = F_SEAL_WRITE | F_SEAL_FUTURE_WRITE

/**
 * The pages of all items, in their order, pinned. Throws the error of the first wrong item, and
 * pins nothing then. The check of seals and the pinning are one step: no seal can come in between.
 */
export function pinAll(items: readonly UdmabufItem[], files: CallerFiles): PinnedPages {
  const pinned: PinnedPages[] = []
  const unpin = (): void => {
    for (const pages of pinned.splice(0).reverse()) pages.unpin()
  }
  try {
    for (const { memfd, offset, size } of items) {
      pinned.push(checkedMemory(memfd, files).pin(offset, size))
    }
  } catch (error) {
    unpin()
    throw error
  }
  return { runs: pinned.flatMap(({ runs }) => runs), unpin }
}

/** EBADFD for a descriptor that is not open or not a memfd, EINVAL for unsuitable seals. */
function checkedMemory(fd: number, files: CallerFiles): Memfd {
  const file = files.lookup(fd)
  const memory = memfdOf(file)
  if (memory === undefined) {
    throw new KernelError('EBADFD', `fd ${fd} is ${file?.what ?? 'not open'}, and not a memfd`)
  }
  const { seals } = memory
  if ((seals & F_SEAL_SHRINK) === 0) {
    const why = `memfd ${fd} could be made shorter: seal it with F_SEAL_SHRINK ('shrink') first`
    throw new KernelError('EINVAL', why)
  }
  if ((seals & DENIED) !== 0) {
    const why = `memfd ${fd} is sealed against writing, and udmabuf shares memory for writing`
    throw new KernelError('EINVAL', `${why}: leave out F_SEAL_WRITE ('write')`)
  }
  return memory
}

/** A list with one entry for each page, whether pages follow each other or not. */
export function tableByPages(runs: readonly StorageRun[]): SgTable {
  const segments = runs.flatMap(({ storage, offset, length }) =>
    Array.from({ length: length / PAGE_SIZE }, (_, i) => {
      const { segments: page } = tableOfPart(storage, offset + i * PAGE_SIZE, PAGE_SIZE)
      return page[0] as SgTable['segments'][number]
    }),
  )
  const size = runs.reduce((sum, { length }) => sum + length, 0)
  return { segments, runs, size }
}

/** The existing part of `[start, end)`. */
export function partOf(runs: readonly StorageRun[], start: number, end: number): StorageRun[] {
  let at = 0
  return runs.flatMap(({ storage, offset, length }) => {
    const from = Math.max(start, at)
    const to = Math.min(end, at + length)
    const part = { storage, offset: offset + from - at, length: to - from }
    at += length
    return part.length > 0 ? [part] : []
  })
}
