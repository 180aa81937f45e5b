/**
 * Memory that is allocated and mapped in one call: dma_alloc_coherent, dma_alloc_wc and
 * dma_alloc_noncoherent. Source: kernel/dma/mapping.c and direct.c of Linux 6.12.
 */
import type { DmaDirection } from '../../events/event.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import type { Machine } from '../../machine/machine.ts'
import { coherentAttribute, makeCoherent, zeroPages } from './coherent.ts'
import type { DeviceParameters } from './device-parameters.ts'
import { allocateMemory, type KernelMemory } from './kernel-memory.ts'
import type { CoherentRequest, NoncoherentRequest } from './requests.ts'

/** Zeroed memory in one piece that the device reaches, and none of whose lines are cached. ENOMEM. */
export function coherentMemory(
  machine: Machine,
  devices: DeviceParameters,
  request: CoherentRequest,
): KernelMemory {
  const { device, driver, attribute = 'uncached', what = 'coherent memory' } = request
  const memory = allocate(machine, devices, {
    ...request,
    what,
    attribute: coherentAttribute(machine, device, attribute),
  })
  makeCoherent(machine, memory.storage, { device, driver: driver.name, buffer: memory.id })
  return memory
}

/** Zeroed memory in one piece that the device reaches; the zeros may still be in the cache. ENOMEM. */
export function noncoherentMemory(
  machine: Machine,
  devices: DeviceParameters,
  request: NoncoherentRequest,
): KernelMemory {
  const { driver, what = 'non-coherent memory' } = request
  const memory = allocate(machine, devices, { ...request, what, attribute: 'cached' })
  zeroPages(machine, memory.storage, { driver: driver.name, buffer: memory.id })
  return memory
}

function allocate(
  machine: Machine,
  devices: DeviceParameters,
  request: Omit<CoherentRequest, 'attribute' | 'what'> & {
    readonly what: string
    readonly attribute: 'cached' | 'uncached' | 'write-combine'
    readonly direction?: DmaDirection | undefined
  },
): KernelMemory {
  machine.faults.pass('dma_alloc_coherent')
  const { device, size, driver, what, attribute } = request
  if (devices.of(device).mask === 'none') {
    throw new KernelError('ENOMEM', `device ${device} has no DMA mask`)
  }
  const below = devices.usesIommu(device) ? undefined : devices.reach(device)
  return allocateMemory(machine, { size, driver, what, attribute, below, contiguous: true })
}
