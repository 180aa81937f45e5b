import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CallEffects } from '../../src/check/model/call-effects.ts'
import type { AccessEdgeEvent, DmaSyncEvent } from '../../src/events/event.ts'

const sync = (id: number, within: number, buffer: number): DmaSyncEvent =>
  ({ kind: 'dma-sync', id, within, buffer, during: 'end_cpu_access' }) as DmaSyncEvent
const end = (id: number, within: number, buffer: number): AccessEdgeEvent =>
  ({ kind: 'cpu-access-end', id, within, buffer }) as AccessEdgeEvent

const EXPORTER = 'vpdma'
const call = fc.integer({ min: 1, max: 3 })
const buffer = fc.integer({ min: 1, max: 2 })
const step = fc.oneof(
  fc.record({ kind: fc.constant('sync' as const), call, buffer, own: fc.boolean() }),
  fc.record({ kind: fc.constant('end' as const), call, buffer }),
  fc.record({ kind: fc.constant('returned' as const), call }),
)

describe('the effects of a call', () => {
  it('are its syncs since the last END in it, however calls overlap', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const effects = new CallEffects()
        let known: { call: number; subject: number | string; id: number }[] = []
        for (const [index, made] of steps.entries()) {
          const id = index + 10
          if (made.kind === 'returned') {
            effects.returned(made.call)
            known = known.filter((one) => one.call !== made.call)
            continue
          }
          if (made.kind === 'sync') {
            // The exporter's own memory has numbers below zero.
            const subject = made.own ? -made.buffer : made.buffer
            effects.add(sync(id, made.call, subject), made.own ? EXPORTER : undefined)
            known.push({ call: made.call, subject: made.own ? EXPORTER : subject, id })
            continue
          }
          const isIts = (one: (typeof known)[number]): boolean =>
            one.call === made.call && (one.subject === made.buffer || one.subject === EXPORTER)
          const event = end(id, made.call, made.buffer)
          const ids = effects.of(event, EXPORTER).syncs.map((one) => one.id)
          expect(ids).toEqual(known.filter(isIts).map((one) => one.id))
          effects.taken(event, EXPORTER)
          known = known.filter((one) => !isIts(one))
        }
      }),
    )
  })

  it('are unknown for an event that names no call', () => {
    const effects = new CallEffects()
    effects.add({ kind: 'dma-sync', id: 1, buffer: 1, during: 'end_cpu_access' } as DmaSyncEvent)
    const event = { kind: 'cpu-access-end', id: 2, buffer: 1 } as AccessEdgeEvent
    expect(effects.of(event, undefined)).toEqual({ first: 2, syncs: [], warnings: [] })
  })
})
