import type { KernelMemory } from '../kernel/dma/kernel-memory.ts'
import type { DmaMemory } from '../kernel/dma/requests.ts'
import { assert } from '../machine/kernel-error.ts'
import type { Bound } from './bound.ts'
import type { DmaCalls } from './dma-calls.ts'
import { withLines } from './lines.ts'

type CoherentCalls = Pick<
  DmaCalls,
  'setMask' | 'allocCoherent' | 'freeCoherent' | 'allocNoncoherent' | 'freeNoncoherent'
>

/** Masks, and memory that is allocated for a device. */
export function coherentCalls(bound: Bound): CoherentCalls {
  const { driver, ledger } = bound
  const { dma } = bound.host
  const held = new Set<DmaMemory>()
  // Row 23 of DMA-API debugging reports the mappings that are left.
  bound.undo.push(() => {
    for (const { memory } of held) memory.free()
  })
  const own = (allocated: DmaMemory): DmaMemory => {
    ledger.mapped(allocated.mapping, bound.origin, undefined)
    held.add(allocated)
    withLines(bound, allocated.memory)
    return allocated
  }
  const disown = (allocated: DmaMemory): void => {
    ledger.unmapped(allocated.mapping)
    held.delete(allocated)
  }
  const calls: CoherentCalls = {
    setMask: (device, bits) => bound.now(calls.setMask, () => dma.devices.setMask(device, bits)),
    allocCoherent: (device, size, options = {}) =>
      bound.now(calls.allocCoherent, () =>
        own(dma.allocCoherent({ device, size, driver, ...options })),
      ),
    allocNoncoherent: (device, size, direction) =>
      bound.now(calls.allocNoncoherent, () => {
        bound.direction(direction, 'dma_alloc_noncoherent')
        return own(dma.allocNoncoherent({ device, size, driver, direction }))
      }),
    freeNoncoherent: (allocated, direction) =>
      bound.now(calls.freeNoncoherent, () => {
        checkMapping(bound, allocated?.mapping, 'dma_free_noncoherent')
        bound.direction(direction, 'dma_free_noncoherent')
        dma.free(allocated, { as: 'noncoherent', direction, driver })
        disown(allocated)
      }),
    freeCoherent: (allocated, believed = {}) =>
      bound.now(calls.freeCoherent, () => {
        checkMapping(bound, allocated?.mapping, 'dma_free_coherent')
        dma.free(allocated, { as: 'coherent', driver, ...believed })
        disown(allocated)
      }),
  }
  return calls
}

/** Throws for a value that the DMA layer never made. */
export function checkMapping(bound: Bound, mapping: unknown, operation: string): void {
  assert(
    bound.host.dma.isMapping(mapping),
    `${bound.driver.name}: the mapping that ${operation} is given is one that was mapped`,
  )
}

/** Throws for memory that was never allocated. */
export function checkMemory(bound: Bound, memory: KernelMemory, operation: string): void {
  assert(
    typeof memory === 'object' && memory !== null && 'storage' in memory,
    `${bound.driver.name}: the memory that ${operation} is given is memory that was allocated`,
  )
}
