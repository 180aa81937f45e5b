import { PAGE_SIZE } from '../../src/abi/fcntl.ts'

/** The kind of file of a descriptor. */
export type Kind = 'heap' | 'udmabuf-node' | 'card' | 'text' | 'memfd' | 'dma-buf' | 'sync-file'

/** An open file; descriptors that were duplicated share it. */
export interface OpenFile {
  readonly kind: Kind
  /** Numbers that calls on it have returned: GEM handles, and fences of vgem. */
  readonly handles: number[]
  readonly fences: number[]
  /** Whether mremap may make its mapping longer. */
  readonly growable: boolean
}

/** A descriptor, as a sequence names it. */
export type FdRef =
  /** The `nth` open one of that kind, counted round; any open one where there is none. */
  | { readonly of: Kind; readonly nth: number }
  /** A slot, open or not; a negative number as it is. */
  | { readonly slot: number }

/** A mapping, as a sequence names it: the `nth`, counted round, gone ones among them. */
export interface MapRef {
  readonly map: number
}

/** Pages that a call of mmap or mremap made. */
export interface Mapping {
  readonly id: number
  /** Which of its pages are still mapped. */
  readonly pages: boolean[]
  readonly file: OpenFile
}

/** The state that both kernels agree on so far: which descriptors are open, which pages are mapped. */
export class World {
  readonly open: Map<number, OpenFile> = new Map()
  readonly mappings: Mapping[] = []

  add(slot: number, kind: Kind): void {
    if (slot < 0) return
    this.open.set(slot, { kind, handles: [], fences: [], growable: kind === 'memfd' })
  }

  /** The slots of a kind, in their order. */
  slots(kind?: Kind): number[] {
    return [...this.open]
      .filter(([, file]) => kind === undefined || file.kind === kind)
      .map(([slot]) => slot)
      .sort((a, b) => a - b)
  }

  slot(ref: FdRef): number {
    if ('slot' in ref) return ref.slot
    const own = this.slots(ref.of)
    const slots = own.length > 0 ? own : this.slots()
    return slots.length === 0 ? 0 : (slots[ref.nth % slots.length] as number)
  }

  file(ref: FdRef): OpenFile | undefined {
    return this.open.get(this.slot(ref))
  }

  mapping({ map }: MapRef): Mapping | undefined {
    return this.mappings[map % Math.max(1, this.mappings.length)]
  }

  /** Notes a new mapping of `length` bytes; returns its number. */
  map(length: number, file: OpenFile): number {
    const id = this.mappings.length
    const pages = Array.from({ length: Math.ceil(length / PAGE_SIZE) }, () => true)
    this.mappings.push({ id, pages, file })
    return id
  }

  /** `length` bytes from `at` of `mapping` are not mapped any more. */
  unmap(mapping: Mapping, at: number, length: number): void {
    const first = at / PAGE_SIZE
    const end = Math.min(mapping.pages.length, Math.ceil((at + length) / PAGE_SIZE))
    for (let page = first; page < end; page++) mapping.pages[page] = false
  }
}
