/** An exporter's initial content of a buffer, which no CPU access of the program covers. */
import type { Cause, Reader } from './cause.ts'

/** The zeros are in the cache, and the reader does not snoop. */
export function zerosInCache({ origin, buffer }: Reader): Cause {
  return {
    rule: 'sync-is-noop',
    reason: 'they are still dirty in the CPU cache, which it does not snoop',
    because: { text: 'Since then no map and no END for writing has cleaned the buffer.' },
    origin: origin ?? buffer.shared?.origin,
    related: [],
  }
}

/** The zeros were dropped. */
export function zerosDropped({ origin, buffer }: Reader): Cause {
  return {
    rule: 'dirty-over-dma',
    reason: 'the dirty lines were dropped before they were cleaned',
    because: { text: 'The new buffer was not cleaned before a device used it.' },
    origin: origin ?? buffer.shared?.origin,
    related: [],
    fix: 'Read only bytes that were stored, or fill the buffer inside a CPU access for writing first.',
  }
}
