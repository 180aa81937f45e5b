import { makeCoherent } from '../../kernel/dma/coherent.ts'
import type { GemMemory } from '../../kernel/drm/gem-memory.ts'
import { DRIVER, type GemParts } from '../../kernel/drm/gem-parts.ts'
import { FirstTouch, type ZeroPages } from '../../machine/first-touch.ts'

/** The device's name in events, attachments and boards. */
export const VGEM_NAME = 'vgem'
/** Orders of the page allocator: a longer piece is never asked for. */
const LARGEST = 2 ** 20

/**
 * Pages of shared memory, allocated at the first touch and mapped write-combining: vgem has no
 * calls around CPU accesses, so it sets map_wc (drivers/gpu/drm/vgem/vgem_drv.c of Linux 6.12).
 * Their lines leave the cache, as set_pages_array_wc ensures on x86; drm_gem_shmem_helper.c lists
 * it as a to-do for others. A piece of the table is never longer than a bounce copy can be
 * (drm_prime_pages_to_sg).
 */
export function vgemMemory({ machine, dma }: GemParts): GemMemory {
  const device = VGEM_NAME
  return {
    device,
    allocate: (size) => {
      const largest = Math.min(LARGEST, dma.maxMappingSize(device))
      const zero: ZeroPages = (storage, start, end) =>
        makeCoherent(machine, storage, { device, driver: DRIVER.name, range: { start, end } })
      return FirstTouch.reserve(machine.ram, size, zero, { largest })
    },
    prepare: () => undefined,
  }
}
