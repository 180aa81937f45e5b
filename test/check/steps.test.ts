/** What belongs to a call of a buffer, with what its exporter does to memory of its own in between. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { StepRun } from '../../src/check/steps.ts'
import type { BracketEvent, DmaSyncEvent } from '../../src/events/event.ts'

const sync = (id: number): DmaSyncEvent => ({ kind: 'dma-sync', id }) as DmaSyncEvent
const end = (id: number): BracketEvent => ({ kind: 'bracket-end', id }) as BracketEvent

/** Every event in order: of the buffer, of its exporter's memory, found on the way, or of neither. */
type Kind = 'buffer' | 'memory' | 'found' | 'other'

/** The same by looking back from the end. */
function naive(kinds: readonly Kind[]): number[] {
  const found: number[] = []
  for (let id = kinds.length; id > 0; id--) {
    const kind = kinds[id - 1]
    if (kind === 'other') break
    if (kind !== 'found') found.unshift(id)
  }
  return found
}

describe('the steps before a call is back', () => {
  it('are those of the buffer and of its exporter that follow each other', () => {
    const kinds = fc.array(fc.constantFrom<Kind>('buffer', 'memory', 'found', 'other'), {
      maxLength: 20,
    })
    fc.assert(
      fc.property(kinds, fc.boolean(), (made, asked) => {
        const [exporter, buffer] = [new StepRun(), new StepRun()]
        buffer.beside = exporter
        for (const [index, kind] of made.entries()) {
          const event = sync(index + 1)
          if (kind === 'buffer') buffer.add(event)
          if (kind === 'memory') exporter.add(event)
          if (kind === 'found') buffer.pass(event)
          // Looking changes nothing.
          if (asked) buffer.before(end(index + 2))
        }
        const { syncs } = buffer.before(end(made.length + 1))
        expect(syncs.map(({ id }) => id)).toEqual(naive(made))
      }),
    )
  })

  it('are of each buffer of the exporter alone, and of all what it does to its own memory', () => {
    const exporter = new StepRun()
    const buffers = [new StepRun(), new StepRun()]
    for (const buffer of buffers) buffer.beside = exporter
    buffers[0]?.add(sync(1))
    exporter.add(sync(2))
    const ids = buffers.map((buffer) => buffer.before(end(3)).syncs.map(({ id }) => id))
    expect(ids).toEqual([[1, 2], [2]])
  })
})
