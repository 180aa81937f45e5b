import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Area, ProcessAreas } from '../../src/check/model/process-areas.ts'
import type { CallEvent } from '../../src/events/event.ts'

const PAGE = 4096
const PAGES = 16

type Step = { readonly does: 'map' | 'unmap'; readonly page: number; readonly count: number }

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    does: fc.constantFrom('map' as const, 'unmap' as const),
    page: fc.integer({ min: 0, max: PAGES - 1 }),
    count: fc.integer({ min: 1, max: 5 }),
  }),
  { maxLength: 30 },
)

/** Says for each page, one by one, which call mapped it and which one ended that. */
class PageModel {
  readonly live = new Map<number, { mapped: CallEvent; at: number }>()
  readonly gone = new Map<number, { mapped: CallEvent; ended: CallEvent }>()

  map(mapped: CallEvent, page: number, count: number): void {
    for (let i = 0; i < count; i++) {
      this.gone.delete(page + i)
      this.live.set(page + i, { mapped, at: i * PAGE })
    }
  }

  unmap(ended: CallEvent, page: number, count: number): void {
    for (let at = page; at < page + count; at++) {
      const was = this.live.get(at)
      if (was === undefined) continue
      this.live.delete(at)
      this.gone.set(at, { mapped: was.mapped, ended })
    }
  }
}

function callOf(id: number, { does, page, count }: Step): CallEvent {
  const length = count * PAGE
  const where = does === 'map' ? { result: page * PAGE } : { address: page * PAGE, result: 0 }
  return { kind: 'call', phase: 'exit', call: id, id, name: does, length, ...where } as CallEvent
}

test('areas of a process, after any order of mmap and munmap, are those that page by page are there', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const areas = new ProcessAreas()
      const model = new PageModel()
      all.forEach((step, id) => {
        const call = callOf(id, step)
        if (step.does === 'map') {
          areas.mapped(call, undefined)
          model.map(call, step.page, step.count)
        } else {
          areas.unmapped(call)
          model.unmap(call, step.page, step.count)
        }
      })
      for (let page = 0; page < PAGES + 5; page++) {
        const address = page * PAGE + 5
        const area = areas.at(address)
        const expected = model.live.get(page)
        expect(area?.mapped).toBe(expected?.mapped)
        if (area !== undefined) expect(offsetOf(area, address)).toBe((expected?.at ?? 0) + 5)
        else expect(areas.goneAt(address)?.ended).toBe(model.gone.get(page)?.ended)
        const before = areas.before(page * PAGE)
        if (before !== undefined) expect(before).toBe(areas.at(page * PAGE - 1))
      }
    }),
    { seed: 20_261_126, numRuns: 300 },
  )
}, 20_000)

function offsetOf({ at, start }: Area, address: number): number {
  return at + address - start
}
