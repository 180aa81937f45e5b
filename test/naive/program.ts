/** The little language in which random programs are written, for the naive machine and the real one. */

export const LINE_SIZE = 16
/** Ranges are in cells: a program never touches less. */
export const CELL = 4
export const PER_LINE: number = LINE_SIZE / CELL

export type Access = 'read' | 'write' | 'read-write'
export type Direction = 'to-device' | 'from-device' | 'bidirectional'
export type Attribute = 'cached' | 'write-combine' | 'uncached'
/** `dma` does not snoop, `gpu` does. */
export type Device = 'dma' | 'gpu'

/** An exporter's work at begin and end of a CPU access; all but the first are mistakes. */
export type Hooks =
  /** Syncs every mapping with the caller's direction: begin for the CPU, end for the device. */
  | 'right'
  | 'absent'
  /** Begin does end's work, and end begin's. */
  | 'swapped'
  /** Syncs the oldest mapping alone. */
  | 'oldest'
  /** Syncs an attachment that was never mapped. */
  | 'unmapped'
  /** Syncs the first half of the buffer. */
  | 'half'
  /** Always syncs with this direction. */
  | Direction
  /** Syncs only a private device, which its first begin maps; that map syncs. */
  | 'own-device'
  /** The same, but the map skips the sync, and every begin syncs. */
  | 'own-device-skips'
  /** The same with a snooping device. */
  | 'own-coherent-device'

/** Cells `[start, end)` of a page. Buffers of one page may overlap, or share lines. */
export interface BufferSpec {
  readonly page: number
  readonly start: number
  readonly end: number
  readonly hooks: Hooks
  /** Its pages seen by the CPU alone: no device maps a memfd, and no CPU access is announced. */
  readonly memfd?: boolean
}

/** A device and the buffer it has mapped. */
export interface Target {
  readonly device: Device
  readonly buffer: number
}

/** Cells `[start, end)` of a buffer. */
export interface Cells {
  readonly start: number
  readonly end: number
}

export type Op =
  | {
      readonly op: 'load' | 'store'
      readonly buffer: number
      readonly cells: Cells
      readonly attribute: Attribute
    }
  | { readonly op: 'begin' | 'end'; readonly buffer: number; readonly access: Access }
  | ({ readonly op: 'map'; readonly direction: Direction; readonly skip: boolean } & Target)
  | ({ readonly op: 'unmap' } & Target)
  | ({ readonly op: 'device-load' | 'device-store'; readonly cells: Cells } & Target)
  /** A store through an array that the program keeps from its first use on. */
  | { readonly op: 'raw-store'; readonly buffer: number; readonly cells: Cells }
  | ({
      readonly op: 'sync-for-cpu' | 'sync-for-device'
      readonly direction: Direction
      readonly cells: Cells
    } & Target)
  /** Longer than an IOMMU puts off its flush. */
  | { readonly op: 'wait' }
  /** An array over some cells is taken, and kept in a slot; the slot's previous array ends. */
  | {
      readonly op: 'take'
      readonly slot: number
      readonly buffer: number
      readonly cells: Cells
      readonly scope: 'bracket' | 'mapping'
      readonly writeOnly: boolean
    }
  | { readonly op: 'drop'; readonly slot: number }
  /** A store through the array in the slot, to those of the cells that it covers. */
  | { readonly op: 'slot-store'; readonly slot: number; readonly cells: Cells }
  /** The buffer is freed, with all its arrays and mappings; its page is handed out and zeroed again. */
  | { readonly op: 'reuse'; readonly buffer: number }

export interface Program {
  readonly buffers: readonly BufferSpec[]
  readonly ops: readonly Op[]
  /** How many different bytes are stored, one after the other; each step's own when left out. */
  readonly values?: number
}

/** Stores are identified by their step; this one zeroes a page. */
export const ZEROED = 1000

/** The byte that the store of a step writes. */
export function byteOf({ values }: Program, store: number): number {
  if (store >= ZEROED) return 0
  return values === undefined || !isStep(store) ? store : 1 + (store % values)
}

/** The contents of memory below the zeros of a fresh page. */
export const GARBAGE = 0x5a

function isStep(store: number): boolean {
  return store > 0 && store !== GARBAGE
}

/** The cells that lie in both; undefined where none does. */
export function overlap(a: Cells, b: Cells): Cells | undefined {
  const start = Math.max(a.start, b.start)
  const end = Math.min(a.end, b.end)
  return start < end ? { start, end } : undefined
}

export function cellsOf({ start, end }: BufferSpec): number {
  return end - start
}

export function directionOf(access: Access): Direction {
  if (access === 'read') return 'from-device'
  return access === 'write' ? 'to-device' : 'bidirectional'
}
