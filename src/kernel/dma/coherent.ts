import type { CacheOp, MemoryAttribute, Range } from '../../events/event.ts'
import type { Machine } from '../../machine/machine.ts'
import type { Storage } from '../../machine/storage.ts'
import { CpuBytes } from './cpu-bytes.ts'

/** For whom memory is made coherent, and on whose behalf. */
export interface CoherentUse {
  readonly device: string
  /** The driver that allocates, as events name it. */
  readonly driver: string
  /** The memory's number in events; that of the storage's owner when left out. */
  readonly buffer?: number | undefined
  /** Which pages; all when left out. */
  readonly range?: Range | undefined
}

/**
 * Turns fresh pages into those of dma_alloc_coherent and dma_alloc_wc: zeroed through the cache,
 * with none of their lines left in it, so that the CPU's uncached accesses and the device meet in
 * memory. Source: dma_direct_alloc and arch_dma_prep_coherent in kernel/dma/direct.c, Linux 6.12.
 */
export function makeCoherent(machine: Machine, storage: Storage, use: CoherentUse): void {
  zeroPages(machine, storage, use)
  flush(machine, storage, 'clean', use)
  flush(machine, storage, 'invalidate', use)
}

/** Zeroes pages through the cache, where the zeros stay until a clean. */
export function zeroPages(
  machine: Machine,
  storage: Storage,
  use: Omit<CoherentUse, 'device'>,
): void {
  const { start, end } = rangeOf(storage, use)
  const { buffer = storage.buffer, driver } = use
  const runs = [{ storage, offset: 0, length: storage.size }]
  const agent = { kind: 'kernel', name: driver } as const
  new CpuBytes(machine, { buffer, runs, attribute: 'cached' }).fill(0, start, end, { agent })
}

/** The CPU's attribute for such memory: past the cache, unless the device snoops on every board. */
export function coherentAttribute(
  machine: Machine,
  device: string,
  pastTheCache: MemoryAttribute,
): MemoryAttribute {
  const { actual, judged } = machine.snoops(device)
  return actual && judged ? 'cached' : pastTheCache
}

function flush(machine: Machine, storage: Storage, op: CacheOp, use: CoherentUse): void {
  const { events, memory, cost } = machine
  const range = rangeOf(storage, use)
  const { start, end } = range
  const buffer = use.buffer ?? storage.buffer
  const bytes = memory.coherent ? 0 : end - start
  memory.maintain(storage, start, end, { actual: op, judged: op })
  cost[op === 'clean' ? 'cleaned' : 'invalidated'] += bytes
  const agent = { kind: 'kernel', name: use.driver } as const
  events.emit({ kind: 'maintenance', op, buffer, range, device: use.device, bytes, agent })
}

function rangeOf({ size }: Storage, { range }: Pick<CoherentUse, 'range'>): Range {
  return range ?? { start: 0, end: size }
}
