/**
 * A driver's own memory: from kmalloc, vmalloc or a page allocation, a variable on its stack, a
 * constant. Events name it by a number below zero.
 */

import { PAGE_SIZE } from '../../abi/fcntl.ts'
import type { Agent, DriverName, EventOrigin, Hazard, MemoryAttribute } from '../../events/event.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import type { Machine } from '../../machine/machine.ts'
import type { Storage } from '../../machine/storage.ts'
import { type Accessor, CpuBytes } from './cpu-bytes.ts'
import { type SgTable, tableOfPart } from './sg-table.ts'

/**
 * The kind of memory behind a driver's pointer: it decides the message of DMA-API debugging when it
 * is mapped.
 */
export type MemoryKind = 'pages' | 'kmalloc' | 'vmalloc' | 'stack' | 'rodata' | 'user'

export interface MemoryRequest {
  readonly size: number
  readonly driver: DriverName
  /** As a sentence names it: `descriptors`. */
  readonly what: string
  readonly kind?: MemoryKind | undefined
  /** All of it below this address: GFP_DMA. */
  readonly below?: number | undefined
  readonly contiguous?: boolean | undefined
  /** How the CPU reaches it; cached when left out. */
  readonly attribute?: MemoryAttribute | undefined
}

interface Place {
  readonly storage: Storage
  readonly start: number
  readonly size: number
}

export class KernelMemory {
  /** The number by which events name it, below zero. */
  readonly id: number
  readonly what: string
  readonly kind: MemoryKind
  readonly driver: DriverName
  readonly attribute: MemoryAttribute
  readonly size: number
  readonly storage: Storage
  /** Where in the storage it begins. */
  readonly start: number
  readonly #machine: Machine
  readonly #isPiece: boolean
  readonly #bytes: CpuBytes
  #freed = false

  /** Use `allocateMemory` and `piece`. */
  constructor(
    machine: Machine,
    place: Place,
    init: Pick<MemoryRequest, 'driver' | 'what' | 'kind' | 'attribute'> & { isPiece: boolean },
  ) {
    this.#machine = machine
    this.id = machine.ram.nextMemoryId()
    this.storage = place.storage
    this.start = place.start
    this.size = place.size
    this.driver = init.driver
    this.what = init.what
    this.kind = init.kind ?? 'pages'
    this.attribute = init.attribute ?? 'cached'
    this.#isPiece = init.isPiece
    const { storage, start: offset, size: length, attribute: kept } = this
    const runs = [{ storage, offset, length }]
    this.#bytes = new CpuBytes(machine, { buffer: this.id, runs, attribute: kept })
    const what = `${init.what} of ${init.driver.name}`
    const common = { buffer: this.id, agent: this.#agent, origin: this.#origin }
    const placement = [{ storage: this.storage.id, offset: this.start, length: this.size }]
    const attribute = this.attribute === 'cached' ? undefined : this.attribute
    machine.events.emit({ kind: 'memory', size: this.size, what, attribute, placement, ...common })
  }

  get freed(): boolean {
    return this.#freed
  }

  /** The scatter list of all of it. */
  get table(): SgTable {
    return this.part(0, this.size)
  }

  /** The scatter list of `length` bytes from `offset` on. */
  part(offset: number, length: number): SgTable {
    return tableOfPart(this.storage, this.start + offset, length)
  }

  /**
   * `size` bytes at `offset` as a separate allocation: two owners may share a page, and a cache
   * line.
   */
  piece(
    offset: number,
    size: number,
    what: string,
    driver: DriverName = this.driver,
  ): KernelMemory {
    this.#requireWithin('piece', offset, size)
    const place = { storage: this.storage, start: this.start + offset, size }
    const { kind, attribute } = this
    return new KernelMemory(this.#machine, place, { driver, what, kind, attribute, isPiece: true })
  }

  /** The driver loads `target.length` bytes at `offset`; returns the hazards. */
  load(offset: number, target: Uint8Array): readonly Hazard[] {
    this.#checkUse('load', offset, target.length)
    return this.#bytes.load(offset, target, this.#accessor)
  }

  /** The driver stores `source` at `offset`. */
  store(offset: number, source: Uint8Array): void {
    this.#checkUse('store', offset, source.length)
    this.#bytes.store(offset, source, this.#accessor)
  }

  /** memset. */
  fill(value: number, offset = 0, size: number = this.size - offset): void {
    this.#checkUse('store', offset, size)
    this.#bytes.fill(value, offset, offset + size, this.#accessor)
  }

  /**
   * Frees it; of a piece, only the name ends. False if it was freed before: then nothing happens. A
   * mapping that is left stays within the device's reach.
   */
  free(): boolean {
    if (this.#freed) return false
    this.#freed = true
    const common = { buffer: this.id, agent: this.#agent, origin: this.#origin }
    this.#machine.events.emit({ kind: 'release', ...common })
    if (!this.#isPiece) this.#machine.ram.free(this.storage)
    return true
  }

  /** Reports a use by `driver` in `operation` after the free: its frames have other owners now. */
  checkAlive(operation: string, driver: DriverName): void {
    if (!this.#freed) return
    const text = `${operation}: ${this.what} (${this.id}) of ${this.driver.name} was freed`
    const what = { operation, driver, buffer: this.id, text, origin: this.#origin }
    this.#machine.events.emit({ kind: 'misuse', code: 'use-after-release', ...what })
  }

  get #agent(): Agent {
    return { kind: 'kernel', name: this.driver.name }
  }

  /** The line of a custom driver that makes the call. */
  get #origin(): EventOrigin | undefined {
    return this.driver.modelled ? undefined : this.#machine.scheduler.current.origin
  }

  get #accessor(): Accessor {
    return { agent: this.#agent, origin: this.#origin }
  }

  #checkUse(operation: string, offset: number, size: number): void {
    this.#requireWithin(operation, offset, size)
    this.checkAlive(operation, this.driver)
  }

  #requireWithin(operation: string, offset: number, size: number): void {
    if (offset >= 0 && size >= 0 && offset + size <= this.size) return
    throw new RangeError(
      `${operation}: ${size} bytes at ${offset} lie beyond the ${this.size} of ${this.what}`,
    )
  }
}

/** Memory with the previous content of its frames. ENOMEM; EINVAL for no bytes. */
export function allocateMemory(machine: Machine, request: MemoryRequest): KernelMemory {
  const { size, kind, below } = request
  if (!(Number.isSafeInteger(size) && size > 0)) {
    throw new KernelError('EINVAL', `${size} bytes asked for ${request.what}`)
  }
  const whole = Math.ceil(size / PAGE_SIZE) * PAGE_SIZE
  const isScattered = kind === 'vmalloc'
  const storage = machine.ram.allocate(whole, {
    below,
    contiguous: request.contiguous ?? !isScattered,
    largest: isScattered ? PAGE_SIZE : undefined,
  })
  if (storage === undefined) {
    throw new KernelError('ENOMEM', `no ${size} bytes are left for ${request.what}`)
  }
  return new KernelMemory(machine, { storage, start: 0, size }, { ...request, isPiece: false })
}
