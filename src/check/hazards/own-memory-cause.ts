/** An exporter's pages as its own memory, before they are a buffer. */
import type { BufferHistory } from '../model/buffer-history.ts'
import type { Store } from '../model/store.ts'
import { writerName } from '../words.ts'
import { atExport, type Cause, type Reader } from './cause.ts'

/**
 * Whether the memory belongs to the driver that exported the buffer. Where both have the same
 * bytes, START and END of the buffer must sync the exporter's own mappings.
 */
export function isExporters({ id, owner }: BufferHistory, { driver }: BufferHistory): boolean {
  return id < 0 && driver !== undefined && owner === driver.name
}

/**
 * The driver and its device use memory past the cache, and another agent reads through the cache.
 */
export function readThroughCache(memory: BufferHistory, store: Store, reader: Reader): Cause {
  const { attribute, name } = memory
  return {
    rule: 'attribute-alias',
    reason: `${name}, where ${writerName(store)} wrote, is ${attribute}, and they are read through a cached mapping`,
    because: {
      text: `Memory that is ${attribute} is not synced, and the cached mapping fills lines from it.`,
    },
    ...atExport(reader.buffer, reader.origin),
    fix: 'Let the mmap and vmap operations use the attribute of the allocation (pgprot_writecombine, or dma_mmap_coherent).',
  }
}
