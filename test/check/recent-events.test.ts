import fc from 'fast-check'
import { expect, it } from 'vitest'
import { RecentEvents } from '../../src/check/model/recent-events.ts'

it('keeps the newest, and finds each by its id', () => {
  const steps = fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 60 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), steps, (most, gaps) => {
      const recent = new RecentEvents<string>(most)
      const all: number[] = []
      for (const gap of gaps) {
        const id = (all.at(-1) ?? 0) + gap
        all.push(id)
        recent.add(id, `event ${id}`)
      }
      const kept = new Set(all.slice(-most))
      for (let id = 0; id <= (all.at(-1) ?? 0) + 1; id++) {
        expect(recent.get(id)).toBe(kept.has(id) ? `event ${id}` : undefined)
      }
    }),
  )
})
