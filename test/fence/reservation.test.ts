import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Fence } from '../../src/kernel/fence/fence.ts'
import { Reservation } from '../../src/kernel/fence/reservation.ts'
import { type FenceUsage, usageToWaitFor } from '../../src/kernel/fence/usage.ts'
import { type Entry, NaiveReservation } from './naive-reservation.ts'
import { FenceRig, holds } from './rig.ts'

const USAGES: readonly FenceUsage[] = ['kernel', 'write', 'read', 'bookkeep']

async function add(resv: Reservation, fence: Fence, usage: FenceUsage): Promise<void> {
  await resv.run(() => {
    resv.reserveFences(1)
    resv.addFence(fence, usage)
  })
}

const entry = fc.record({
  context: fc.integer({ min: 1, max: 3 }),
  seqno: fc.integer({ min: 1, max: 6 }),
  usage: fc.integer({ min: 0, max: 3 }),
})
const context = fc.integer({ min: 1, max: 3 })
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('add' as const), entry }) },
  fc.record({ kind: fc.constant('reserve' as const), count: fc.integer({ min: 1, max: 9 }) }),
  fc.record({ kind: fc.constant('signal' as const), which: fc.nat(12) }),
  fc.record({ kind: fc.constant('replace' as const), context, entry }),
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** A reservation object and the naive one, with the same fences. */
class Pair {
  readonly #rig = new FenceRig()
  readonly #resv = new Reservation(this.#rig.scheduler, 'lock')
  readonly #fences = new Map<Entry, Fence>()
  readonly #naive = new NaiveReservation((one) => this.#fence(one).isSignaled)

  constructor() {
    this.#resv.tryLock()
  }

  perform(one: Step): void {
    if (one.kind === 'add') this.#add(one.entry)
    else if (one.kind === 'reserve') this.#reserve(one.count)
    else if (one.kind === 'replace') this.#replace(one.context, one.entry)
    else this.#fences.get(this.#naive.entries[one.which] as Entry)?.signal()
  }

  compare(): void {
    for (const [index, usage] of USAGES.entries()) {
      const fences = this.#naive.query(index).map((each) => this.#fence(each))
      expect(this.#resv.fences(usage).map(({ fence }) => fence)).toEqual(fences)
      expect(this.#resv.activeFences(usage)).toEqual(fences.filter((fence) => !fence.isSignaled))
      expect(this.#resv.isSignaled(usage)).toBe(fences.every((fence) => fence.isSignaled))
    }
  }

  /** Two fences of a context never have the same number. */
  #add(given: Entry): void {
    const same = (old: Entry): boolean => old.context === given.context && old.seqno === given.seqno
    if (this.#naive.entries.some(same)) return
    const own = this.#make(given)
    this.#reserve(1)
    this.#resv.addFence(this.#fence(own), USAGES[own.usage] as FenceUsage)
    this.#naive.add(own)
  }

  #reserve(count: number): void {
    this.#resv.reserveFences(count)
    this.#naive.reserve(count)
  }

  #replace(replaced: number, given: Entry): void {
    const own = this.#make(given)
    this.#resv.replaceFences(replaced, this.#fence(own), USAGES[own.usage] as FenceUsage)
    this.#naive.replace(replaced, own)
  }

  #make(given: Entry): Entry {
    const own = { ...given }
    this.#fences.set(own, this.#rig.fence(own.context, own.seqno))
    return own
  }

  #fence(one: Entry): Fence {
    return this.#fences.get(one) as Fence
  }
}

describe('a reservation object', () => {
  it.each([
    ['kernel', ['kernel']],
    ['write', ['kernel', 'write']],
    ['read', ['kernel', 'write', 'read']],
    ['bookkeep', ['kernel', 'write', 'read', 'bookkeep']],
  ] as const)('asked for %s gives %s', async (asked, given) => {
    const rig = new FenceRig()
    const resv = new Reservation(rig.scheduler, 'lock')
    expect([resv.fences(asked), resv.isSignaled(asked)]).toEqual([[], true])
    for (const [index, usage] of USAGES.entries()) await add(resv, rig.fence(index + 1), usage)
    expect(resv.fences(asked).map(({ usage }) => usage)).toEqual(given)
    for (const { fence } of resv.fences(asked)) {
      expect(resv.isSignaled(asked)).toBe(false)
      fence.signal()
    }
    expect([resv.isSignaled(asked), resv.activeFences(asked)]).toEqual([true, []])
    expect(resv.fences(asked)).toHaveLength(given.length)
  })

  it('has a reader wait for writers, and a writer for readers too', () => {
    expect([usageToWaitFor('read'), usageToWaitFor('write')]).toEqual(['write', 'read'])
  })

  it('never lets a later read take the place of a write of its context, but a write of a read', async () => {
    const rig = new FenceRig()
    const resv = new Reservation(rig.scheduler, 'lock')
    await add(resv, rig.fence(1, 1), 'write')
    await add(resv, rig.fence(1, 2), 'read')
    expect(resv.fences('read').map(({ fence }) => fence.seqno)).toEqual([1, 2])
    await add(resv, rig.fence(2, 1), 'bookkeep')
    await add(resv, rig.fence(2, 2), 'read')
    expect(resv.fences('bookkeep').map(({ usage }) => usage)).toEqual(['write', 'read', 'read'])
  })

  it('does all of it as the rules are written down', () => {
    holds(
      fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
        const pair = new Pair()
        for (const one of steps) {
          pair.perform(one)
          pair.compare()
        }
      }),
    )
  })

  it('is waited for until what was there is signalled; what came later is not waited for', async () => {
    const rig = new FenceRig()
    const { scheduler } = rig
    const resv = new Reservation(scheduler, 'lock')
    const [a, b, later] = [rig.fence(1), rig.fence(2), rig.fence(3)]
    await add(resv, a, 'write')
    await add(resv, b, 'read')
    scheduler.at(300, () => a.signal())
    scheduler.at(200, () => b.signal())
    scheduler.at(100, () => {
      resv.tryLock()
      resv.reserveFences(1)
      resv.addFence(later, 'read')
      resv.unlock()
    })
    expect([await resv.waitForFences('read'), scheduler.now]).toEqual([true, 300])
    expect(resv.isSignaled('read')).toBe(false)
    scheduler.at(400, () => later.signal())
    expect([await resv.waitForFences('write'), scheduler.now]).toEqual([true, 300])
    expect([await resv.waitForFences('read'), scheduler.now]).toEqual([true, 400])
  })

  it('stops waiting when somebody interrupts', async () => {
    const rig = new FenceRig()
    const resv = new Reservation(rig.scheduler, 'lock')
    await add(resv, rig.fence(), 'kernel')
    const controller = new AbortController()
    rig.scheduler.at(100, () => controller.abort())
    expect(await resv.waitForFences('kernel', controller.signal)).toBe(false)
  })

  it('is changed under its lock alone, with room, and without containers', async () => {
    const rig = new FenceRig()
    const resv = new Reservation(rig.scheduler, 'lock')
    expect(() => resv.reserveFences(1)).toThrow('under the lock')
    resv.tryLock()
    expect(() => resv.addFence(rig.fence(), 'read')).toThrow('reserve it first')
    resv.reserveFences(1)
    const array = rig.fences.all([rig.fence(1), rig.fence(2)])
    expect(() => resv.addFence(array, 'read')).toThrow('no containers')
    for (let context = 1; context <= 5; context++) resv.addFence(rig.fence(context), 'read')
    expect(() => resv.addFence(rig.fence(6), 'read')).toThrow('reserve it first')
    expect(() => resv.reserveFences(0)).toThrow('at least one')
  })

  it('describes its fences as debugfs does, without those of bookkeep', async () => {
    const rig = new FenceRig()
    const resv = new Reservation(rig.scheduler, 'lock')
    await add(resv, rig.fence(1, 7), 'write')
    await add(resv, rig.fence(2, 8), 'bookkeep')
    await add(resv, rig.fence(3, 9), 'read')
    resv.fences('read')[1]?.fence.signal()
    expect(resv.describeFences()).toEqual([
      'write fence:driver timeline seq 7 unsignalled',
      'read fence:driver timeline seq 9 signalled',
    ])
  })
})
