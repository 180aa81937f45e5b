/**
 * The CPU accesses that are open on a buffer, and the arrays that live as long as they do.
 *
 * The kernel counts nothing here: START and END need not pair. The count exists because an array
 * over foreign memory must end when its CPU access ends.
 */
import type { CpuAccess, Range } from '../../events/event.ts'
import type { Machine } from '../../machine/machine.ts'
import {
  type CpuMapping,
  type CpuMappingInfo,
  endArrays,
  type HandedOut,
  isTransferred,
} from './cpu-mapping.ts'
import type { DmaBuf } from './dma-buf.ts'

export class OpenBrackets {
  #open: CpuAccess[] = []
  readonly #listeners: (() => void)[] = []
  readonly #mappings = new Set<CpuMapping>()
  readonly #views: { mapping: CpuMapping; handedOut: HandedOut }[] = []

  get isOpen(): boolean {
    return this.#open.length > 0
  }

  /** Whether every open access is for writing alone. */
  get writeOnly(): boolean {
    return this.isOpen && this.#open.every((access) => access === 'write')
  }

  start(access: CpuAccess): void {
    this.#open.push(access)
  }

  /** Ends the newest access of that kind, else the newest; returns whether none is open afterwards. */
  end(access: CpuAccess): boolean {
    const index = this.#open.lastIndexOf(access)
    this.#open.splice(index === -1 ? this.#open.length - 1 : index, 1)
    return !this.isOpen
  }

  keep(mapping: CpuMapping, handedOut: HandedOut): void {
    this.#views.push({ mapping, handedOut })
  }

  /** A mapping whose arrays may have been stored through before an access begins. */
  addMapping(mapping: CpuMapping): void {
    this.#mappings.add(mapping)
  }

  removeMapping(mapping: CpuMapping): void {
    this.#mappings.delete(mapping)
  }

  /** Stores so far happened outside the access that begins now. */
  reconcile(): void {
    for (const mapping of this.#mappings) mapping.reconcile()
  }

  /**
   * An access for reading has begun: arrays of mappings, which live on as pointers do, are read in it as if
   * they were taken now.
   */
  retakeViews(): void {
    for (const mapping of this.#mappings) mapping.retakeViews()
  }

  /** unmap_mapping_range of bytes of the buffer, for every process. */
  zap(range: Range): void {
    for (const mapping of this.#mappings) mapping.zap(range)
  }

  /** Calls `listener` once, when no access is open any more. */
  whenEnded(listener: () => void): void {
    this.#listeners.push(listener)
  }

  /**
   * The arrays of the ended accesses end as unmapped memory would, unless another array stands on
   * the same bytes. The next event is the end. Returns whether the memory of one had been
   * transferred.
   */
  endViews(machine: Machine): boolean {
    for (const listener of this.#listeners.splice(0)) listener()
    // An array whose part of the mapping was unmapped has ended already.
    const ended = this.#views
      .splice(0)
      .filter(({ handedOut: { view } }) => view.ended === undefined)
    const lost = ended.some(({ handedOut }) => isTransferred(handedOut))
    for (const { mapping, handedOut } of ended) mapping.forget(handedOut)
    endArrays(
      machine,
      ended.map(({ handedOut }) => handedOut),
    )
    return lost
  }
}

const byBuffer = new WeakMap<DmaBuf, OpenBrackets>()

/** The open accesses of `buffer`. */
export function openBrackets(buffer: DmaBuf): OpenBrackets {
  let brackets = byBuffer.get(buffer)
  if (brackets === undefined) {
    brackets = new OpenBrackets()
    byBuffer.set(buffer, brackets)
  }
  return brackets
}

/** The parts of a dma-buf that a CPU mapping of it needs. */
export function bufferOwner(buffer: DmaBuf): Pick<CpuMappingInfo, 'buffer' | 'brackets'> {
  return { buffer: buffer.inode, brackets: openBrackets(buffer) }
}
