import type { KernelMemory } from '../dma/kernel-memory.ts'
import { assert } from '../machine/kernel-error.ts'
import type { Bound } from './bound.ts'
import type { DmaCalls } from './dma-calls.ts'

type CoherentCalls = Pick<DmaCalls, 'setMask' | 'allocCoherent' | 'freeCoherent'>

/** Masks, and memory that is allocated for a device. */
export function coherentCalls(bound: Bound): CoherentCalls {
  const { driver, ledger } = bound
  const { dma } = bound.host
  const calls: CoherentCalls = {
    setMask: (device, bits) => bound.now(calls.setMask, () => dma.devices.setMask(device, bits)),
    allocCoherent: (device, size, options = {}) =>
      bound.now(calls.allocCoherent, () => {
        const allocated = dma.allocCoherent({ device, size, driver, ...options })
        ledger.mapped(allocated.mapping, bound.origin, undefined)
        bound.undo.push(() => {
          if (!allocated.memory.freed) allocated.memory.free()
        })
        return allocated
      }),
    freeCoherent: (allocated, believed = {}) =>
      bound.now(calls.freeCoherent, () => {
        checkMapping(bound, allocated?.mapping, 'dma_free_coherent')
        dma.free(allocated, { as: 'coherent', driver, ...believed })
        ledger.unmapped(allocated.mapping)
      }),
  }
  return calls
}

/** Throws for what the DMA layer never made. */
export function checkMapping(bound: Bound, mapping: unknown, operation: string): void {
  assert(
    bound.host.dma.isMapping(mapping),
    `${bound.driver.name}: the mapping that ${operation} is given is one that was mapped`,
  )
}

/** Throws for what was never allocated. */
export function checkMemory(bound: Bound, memory: KernelMemory, operation: string): void {
  assert(
    typeof memory === 'object' && memory !== null && 'storage' in memory,
    `${bound.driver.name}: the memory that ${operation} is given is memory that was allocated`,
  )
}
