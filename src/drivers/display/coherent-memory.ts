import type { CacheOp } from '../../events/event.ts'
import type { Machine } from '../../machine/machine.ts'
import type { Storage } from '../../machine/storage.ts'

/**
 * Makes fresh pages what dma_alloc_wc gives: zeroed through the cache, and no line of it left there, so
 * that the CPU's write-combined stores and `device` meet in memory. Does not sleep.
 * Source: dma_direct_alloc and arch_dma_prep_coherent in kernel/dma/direct.c of Linux 6.12.
 */
export function coherentMemory(machine: Machine, storage: Storage, device: string): void {
  const { events, memory, cost } = machine
  const range = { start: 0, end: storage.size }
  const agent = { kind: 'kernel', name: 'drm' } as const
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
  const bytes = memory.coherent ? 0 : storage.size
  const maintain = (op: CacheOp): void => {
    events.emit({ kind: 'maintenance', op, buffer: storage.buffer, range, device, bytes, agent })
    memory.maintain(storage, 0, storage.size, { actual: op, judged: op })
  }
  maintain('clean')
  maintain('invalidate')
  cost.cleaned += bytes
  cost.invalidated += bytes
}
