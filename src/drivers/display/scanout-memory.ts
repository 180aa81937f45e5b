import { makeCoherent } from '../../kernel/dma/coherent.ts'
import { tableOf } from '../../kernel/dma/sg-table.ts'
import type { GemMemory } from '../../kernel/drm/gem-memory.ts'
import { DRIVER, type GemParts } from '../../kernel/drm/gem-parts.ts'

/** The display's name in events, attachments and boards. */
export const DISPLAY_NAME = 'display'

/** One piece of memory that the beam reaches, as dma_alloc_wc gives it. */
export function scanoutMemory({ machine, dma }: GemParts): GemMemory {
  const device = DISPLAY_NAME
  return {
    device,
    allocate: (size) =>
      machine.ram.allocate(size, { below: dma.reachOf(device), contiguous: true }),
    prepare: (storage) => {
      makeCoherent(machine, storage, { device, driver: DRIVER.name })
      return dma.mapCoherent({
        device,
        table: tableOf(storage),
        direction: 'bidirectional',
        buffer: storage.buffer,
        driver: DRIVER,
      })
    },
  }
}
