import type { CacheOp, MemoryAttribute } from '../../events/event.ts'
import type { Machine } from '../../machine/machine.ts'
import type { Storage } from '../../machine/storage.ts'
import { deviceName } from './context.ts'

const agent = { kind: 'kernel', name: 'camera driver' } as const

/**
 * Makes fresh pages what dma_alloc_coherent gives: zeroed through the cache, with none of their lines
 * left in it, so that uncached accesses of the CPU and the camera meet in memory. Does not sleep.
 * Source: dma_direct_alloc in kernel/dma/direct.c, arch_dma_prep_coherent of arm64, Linux 6.12.
 */
export function makeCoherent(machine: Machine, storage: Storage): void {
  const { events, memory, cost } = machine
  const range = { start: 0, end: storage.size }
  const writer = events.emit({
    kind: 'cpu-store',
    buffer: storage.buffer,
    mapping: undefined,
    range,
    seen: 'exact',
    hazards: [],
    agent,
  })
  cost.cpuBytes += storage.size
  memory.cpuFill(storage, 0, storage.size, 0, writer)
  flush(machine, storage, 'clean')
  flush(machine, storage, 'invalidate')
}

/** How the CPU maps such memory: past the cache, unless the camera looks into it on every board. */
export function coherentAttribute(machine: Machine): MemoryAttribute {
  const { actual, judged } = machine.snoops(deviceName)
  return actual && judged ? 'cached' : 'uncached'
}

function flush({ events, memory, cost }: Machine, storage: Storage, op: CacheOp): void {
  const { size, buffer } = storage
  const bytes = memory.coherent ? 0 : size
  memory.maintain(storage, 0, size, { actual: op, judged: op })
  cost[op === 'clean' ? 'cleaned' : 'invalidated'] += bytes
  const range = { start: 0, end: size }
  events.emit({ kind: 'maintenance', op, buffer, range, device: deviceName, bytes, agent })
}
