import { F_SEAL_SHRINK } from '../../abi/memfd.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import type { Machine } from '../../machine/machine.ts'
import { bufferOwner, type OpenBrackets, openBrackets } from '../dmabuf/brackets.ts'
import type { DmaBufCore } from '../dmabuf/core.ts'
import { CpuMapping, type CpuMappingInfo } from '../dmabuf/cpu-mapping.ts'
import type { DmaBuf } from '../dmabuf/dma-buf.ts'
import { dmaBufOf } from '../dmabuf/dma-buf-file.ts'
import type { MappedMemory, MappedPages, MapRequest, OpenFile } from '../dmabuf/file.ts'
import type { CpuPages } from '../dmabuf/ops.ts'
import { memfdOf } from '../shmem/memfd-file.ts'
import type { FileDescription } from './fd-table.ts'
import { wholePages } from './mapping-checks.ts'
import { PrivatePages } from './private-pages.ts'

/** The pages of one mmap call, however many areas munmap has cut them into. */
export class Backing {
  readonly mapping: CpuMapping
  readonly description: FileDescription
  /** Whether the file may end before the mapping does, judged when it was mapped: no array shows it. */
  readonly mayShrink: boolean
  readonly #core: DmaBufCore
  readonly #buffer: DmaBuf | undefined
  readonly #private: PrivatePages | undefined
  readonly #unmapped: (() => void)[] = []
  #request: MapRequest
  #areas = 1

  /** Asks the file for the pages. Throws the file's errors, and ENODEV if it cannot be mapped. */
  constructor(
    kernel: { readonly machine: Machine; readonly core: DmaBufCore },
    id: number,
    description: FileDescription,
    request: MapRequest,
  ) {
    const { writable, shared } = request
    const mapped = this.#ask(description.file, request)
    const { pages, offset } = mapped
    const length = lengthOf(pages)
    const kind = { writable: writable && shared, isPrivate: shared ? undefined : true }
    const info = { id, ...ownerOf(mapped), offset, length, pages, ...kind }
    this.#core = kernel.core
    this.#request = request
    this.mayShrink = mayEndBefore(description.file, offset + request.length)
    this.#buffer = 'buffer' in mapped ? mapped.buffer : undefined
    this.mapping = new CpuMapping(kernel.machine, info)
    this.mapping.fault = () => this.#fault()
    this.#private = writable && !shared ? new PrivatePages(this.mapping) : undefined
    // The mapping keeps the file open and, where it is another file than the buffer's, the buffer.
    this.description = description.get()
    if (this.#foreignBuffer !== undefined) this.#core.get(this.#foreignBuffer)
  }

  /** The CPU accesses that are open on it; undefined for memory that none governs. */
  get brackets(): OpenBrackets | undefined {
    return this.#buffer === undefined ? undefined : openBrackets(this.#buffer)
  }

  /** Bytes that were asked for. */
  get length(): number {
    return this.#request.length
  }

  /** Whether mremap may make it longer: VM_DONTEXPAND is not set. */
  get expandable(): boolean {
    return this.mapping.info.pages.expandable ?? false
  }

  /** Whether stores make copies, so that no array can show its bytes. */
  get isPrivate(): boolean {
    return this.#private !== undefined
  }

  /** Bytes from the start that can be reached; those beyond are not part of the file (SIGBUS). */
  get reachable(): number {
    return this.mapping.info.length
  }

  load(offset: number, target: Uint8Array): void {
    const memory = this.#private ?? this.mapping
    memory.load(offset, target)
  }

  store(offset: number, source: Uint8Array): void {
    const memory = this.#private ?? this.mapping
    memory.store(offset, source)
  }

  /** One more area shows part of it, and holds the file open (vm_area_dup). */
  get(): this {
    this.#areas++
    this.description.get()
    return this
  }

  /** One area less; with the last one it is unmapped. */
  put(): void {
    this.#areas--
    if (this.#areas === 0) this.#unmap()
    this.description.put()
  }

  #unmap(): void {
    this.mapping.unmap()
    for (const unmapped of this.#unmapped) unmapped()
    if (this.#foreignBuffer !== undefined) this.#core.put(this.#foreignBuffer)
  }

  /**
   * mremap: `length` bytes from the same offset. Bytes that the file does not have are not
   * reachable.
   */
  expand(length: number): void {
    this.#request = { ...this.#request, length }
    if (memfdOf(this.description.file) !== undefined) this.refresh()
    else this.#askAgain()
  }

  /** The pages were taken out. EFAULT where the exporter has none to put in: SIGBUS. */
  #fault(): void {
    try {
      const { pages } = this.#ask(this.description.file, this.#request)
      this.mapping.resize(lengthOf(pages), pages)
    } catch (error) {
      if (!(error instanceof KernelError)) throw error
      throw new KernelError(
        'EFAULT',
        `the exporter has no pages to put in: SIGBUS (${error.message})`,
      )
    }
  }

  #askAgain(): void {
    try {
      const { pages } = this.#ask(this.description.file, this.#request)
      this.mapping.resize(lengthOf(pages), pages)
    } catch (error) {
      if (!(error instanceof KernelError)) throw error
    }
  }

  /**
   * Before a memfd gets `size` bytes: private copies of the removed part are dropped. There are no
   * arrays over it, see `mayShrink`.
   */
  cutTo(size: number): void {
    this.#private?.forget(Math.max(0, wholePages(size) - this.#request.offset))
  }

  /** After a memfd became longer or shorter. */
  refresh(): void {
    const memory = memfdOf(this.description.file)
    if (memory === undefined) return
    const pages = memory.pages(this.#request.offset, this.#request.length)
    const length = lengthOf(pages)
    if (length !== this.reachable) this.mapping.resize(length, pages)
  }

  #ask(file: OpenFile, request: MapRequest): MappedPages | MappedMemory {
    const mapped = file.mmap?.(request)
    if (mapped === undefined) throw new KernelError('ENODEV', `${file.what} cannot be mapped`)
    if (mapped.unmapped !== undefined) this.#unmapped.push(mapped.unmapped)
    return mapped
  }

  /** The buffer that the mapping itself has to hold. */
  get #foreignBuffer(): DmaBuf | undefined {
    const isHeld = this.#unmapped.length > 0 || this.#buffer === dmaBufOf(this.description.file)
    return isHeld ? undefined : this.#buffer
  }
}

function lengthOf({ runs }: CpuPages): number {
  return runs.reduce((sum, { length }) => sum + length, 0)
}

function ownerOf(mapped: MappedPages | MappedMemory): Pick<CpuMappingInfo, 'buffer' | 'brackets'> {
  if ('buffer' in mapped) return bufferOwner(mapped.buffer)
  return { buffer: mapped.memory, brackets: undefined }
}

/** As the real kernel's mapping does: see backingOf in src/linux/backing.ts. */
function mayEndBefore(file: OpenFile, end: number): boolean {
  const memory = memfdOf(file)
  if (memory === undefined) return false
  const keepsSize = (memory.seals & F_SEAL_SHRINK) !== 0
  return !keepsSize || end > wholePages(memory.size)
}
