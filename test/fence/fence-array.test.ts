import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Fence } from '../../src/kernel/fence/fence.ts'
import { leavesOf } from '../../src/kernel/fence/fence-array.ts'
import { FenceRig, holds } from './rig.ts'

const EIO = -5
const ENOENT = -2

function three(rig: FenceRig): [Fence, Fence, Fence] {
  return [rig.fence(11), rig.fence(12), rig.fence(13)]
}

describe('a fence array', () => {
  it('is one fence of a context of its own, with the number 1', () => {
    const rig = new FenceRig()
    const context = rig.fences.allocateContexts()
    const { context: own, seqno, ops } = rig.fences.all(three(rig))
    expect([own, seqno]).toEqual([context + 1, 1])
    expect([ops.driverName, ops.timelineName]).toEqual(['dma_fence_array', 'unbound'])
  })

  it.each([true, false])('is signalled with the last member (somebody waits: %s)', (waits) => {
    const rig = new FenceRig()
    const [a, b, c] = three(rig)
    const array = rig.fences.all([a, b, c])
    let told = 0
    if (waits) array.addCallback(() => told++)
    for (const member of [b, c]) {
      member.signal()
      expect([array.isSignaled, told]).toEqual([false, 0])
    }
    a.signal()
    expect([told, array.isSignaled]).toEqual([waits ? 1 : 0, true])
  })

  it('of signalled members is signalled, however one comes to know', () => {
    for (const ask of [
      (array: Fence): boolean => array.isSignaled,
      (array: Fence): boolean => !array.addCallback(() => {}),
    ]) {
      const rig = new FenceRig()
      const members = three(rig)
      for (const member of members) member.signal()
      expect(ask(rig.fences.all(members))).toBe(true)
    }
  })

  it('has the first error of a member that is signalled while somebody waits', () => {
    const rig = new FenceRig()
    const [a, b, c] = three(rig)
    const array = rig.fences.all([a, b, c])
    array.enable()
    c.setError(EIO)
    c.signal()
    a.setError(ENOENT)
    a.signal()
    b.signal()
    expect(array.status).toBe(EIO)
  })

  it('has the error of a member that was signalled before, and none where nobody waited', () => {
    for (const [waits, status] of [
      [true, EIO],
      [false, 1],
    ] as const) {
      const rig = new FenceRig()
      const [a, b, c] = three(rig)
      a.setError(EIO)
      for (const member of [a, b, c]) member.signal()
      const array = rig.fences.all([a, b, c])
      if (waits) array.enable()
      expect(array.status).toBe(status)
    }
  })

  it('holds no array and is not empty', () => {
    const rig = new FenceRig()
    const array = rig.fences.all(three(rig))
    expect(() => rig.fences.all([array])).toThrow('holds no other one')
    expect(() => rig.fences.all([])).toThrow('has members')
    expect(leavesOf(array)).toHaveLength(3)
    expect(leavesOf(rig.fence())).toHaveLength(1)
  })
})

describe('one fence for several', () => {
  it('is the stub for none, itself for one, and an array for more', () => {
    const rig = new FenceRig()
    const [a, b] = three(rig)
    expect(rig.fences.singleton([])).toBe(rig.fences.stub)
    expect(rig.fences.singleton([a])).toBe(a)
    expect(leavesOf(rig.fences.singleton([b, a]))).toEqual([b, a])
  })
})

describe('a merge', () => {
  it('of what is signalled has the time of the last', async () => {
    const rig = new FenceRig()
    const [a, b, c] = three(rig)
    for (const fence of [b, a, c]) {
      await rig.scheduler.sleep(100)
      fence.signal()
    }
    const merged = rig.fences.merge([a, rig.fences.all([b, c])])
    expect([merged.isSignaled, merged.timestamp, merged.context]).toEqual([true, 300, 0])
    expect(merged).not.toBe(rig.fences.stub)
    expect(merged.ops.driverName).toBe('stub')
  })

  it('has the newest active fence of each context, by context', () => {
    const spec = fc.record({
      context: fc.integer({ min: 1, max: 4 }),
      seqno: fc.integer({ min: 1, max: 5 }),
      signaled: fc.boolean(),
    })
    holds(
      fc.property(fc.array(spec, { minLength: 1, maxLength: 10 }), fc.nat(10), (specs, cut) => {
        const rig = new FenceRig()
        const made = specs.map(({ context, seqno, signaled }) => {
          const fence = rig.fence(context, seqno)
          if (signaled) fence.signal()
          return fence
        })
        const parts = [made.slice(0, cut), made.slice(cut)].filter(({ length }) => length > 0)
        const merged = rig.fences.merge(parts.map((part) => rig.fences.all(part)))
        const expected = [1, 2, 3, 4].flatMap((context) => {
          const numbers = specs
            .filter((one) => one.context === context && !one.signaled)
            .map(({ seqno }) => seqno)
          return numbers.length === 0 ? [] : [[context, Math.max(...numbers)]]
        })
        const found = leavesOf(merged).map(({ context, seqno }) => [context, seqno])
        expect(found).toEqual(expected.length === 0 ? [[0, 0]] : expected)
      }),
    )
  })
})
