import { describe, expect, it } from 'vitest'
import type { Fence } from '../../src/kernel/fence/fence.ts'
import { FenceRig } from './rig.ts'

/** A callback that writes `name` down. */
function noting(notes: string[], name: string): (fence: Fence) => void {
  return () => {
    notes.push(name)
  }
}

describe('a fence', () => {
  it('is signalled once', () => {
    const fence = new FenceRig().fence()
    expect([fence.isSignaled, fence.status, fence.timestamp]).toEqual([false, 0, 0])
    expect([fence.signal(), fence.signal()]).toEqual([true, false])
    expect([fence.isSignaled, fence.status]).toEqual([true, 1])
  })

  it('keeps the time of the signal, not of who asks', async () => {
    const rig = new FenceRig()
    const fence = rig.fence()
    await rig.scheduler.sleep(700)
    fence.signal()
    await rig.scheduler.sleep(300)
    expect([fence.isSignaled, fence.timestamp, rig.scheduler.now]).toEqual([true, 700, 1000])
  })

  it('tells its error only when it is signalled, and takes none after', () => {
    const fence = new FenceRig().fence()
    fence.setError(-5)
    expect(fence.status).toBe(0)
    fence.signal()
    expect(fence.status).toBe(-5)
    expect(() => fence.setError(-6)).toThrow('before it is signalled')
    expect(fence.status).toBe(-5)
    expect(() => new FenceRig().fence().setError(5)).toThrow('negative errno')
  })

  it('calls who waits first, the newest before, and then callbacks in their order', () => {
    const fence = new FenceRig().fence()
    const notes: string[] = []
    fence.enable()
    fence.addCallback(noting(notes, 'a'))
    fence.listen(noting(notes, 'older') as () => void)
    fence.addCallback(noting(notes, 'b'))
    fence.listen(noting(notes, 'newer') as () => void)
    fence.signal()
    expect(notes).toEqual(['newer', 'older', 'a', 'b'])
    fence.signal()
    expect(notes).toHaveLength(4)
  })

  it('never calls what was taken back, or added too late', () => {
    const fence = new FenceRig().fence()
    const notes: string[] = []
    const [early, late] = [noting(notes, 'early'), noting(notes, 'late')]
    expect(fence.addCallback(early)).toBe(true)
    expect([fence.removeCallback(early), fence.removeCallback(early)]).toEqual([true, false])
    fence.signal()
    expect(fence.addCallback(late)).toBe(false)
    expect([fence.removeCallback(late), notes]).toEqual([false, []])
  })

  it('is enabled once, by the first who wants to be told', () => {
    let enabled = 0
    const fence = new FenceRig().fence(1, 1, {
      enableSignaling: () => ++enabled > 0,
    })
    expect([fence.isSignaled, enabled]).toEqual([false, 0])
    fence.addCallback(() => {})
    fence.addCallback(() => {})
    fence.enable()
    expect(enabled).toBe(1)
  })

  it('whose maker has nothing to wait for is signalled by enabling it', () => {
    const fence = new FenceRig().fence(1, 1, { enableSignaling: () => false })
    expect(fence.isSignaled).toBe(false)
    expect(fence.addCallback(() => {})).toBe(false)
    expect(fence.isSignaled).toBe(true)
  })

  it('asks its maker whether the work is done, and is signalled then', () => {
    let done = false
    const fence = new FenceRig().fence(1, 1, { signaled: () => done })
    const notes: string[] = []
    fence.addCallback(noting(notes, 'told'))
    expect([fence.isSignaled, notes]).toEqual([false, []])
    done = true
    expect([fence.status, notes]).toEqual([1, ['told']])
  })

  it('is later than another of its context, also where numbers wrap around', () => {
    const rig = new FenceRig()
    const later = (a: number, b: number): boolean => rig.fence(1, a).isLaterThan(rig.fence(1, b))
    expect([later(2, 1), later(1, 1), later(1, 2)]).toEqual([true, false, false])
    expect([later(0, 2 ** 32 - 1), later(2 ** 32 - 1, 0)]).toEqual([true, false])
    expect(rig.fence(1, 2).isLaterThan(rig.fence(2, 1))).toBe(false)
  })

  it('is waited for until it is signalled, or somebody interrupts', async () => {
    const rig = new FenceRig()
    const { scheduler } = rig
    const fence = rig.fence()
    const controller = new AbortController()
    scheduler.at(100, () => controller.abort())
    scheduler.at(200, () => fence.signal())
    const wait = (signal?: AbortSignal): Promise<boolean> => fence.wait(scheduler, 'it', signal)
    const waits = [
      scheduler.spawn('a', async () => [await wait(), scheduler.now]),
      scheduler.spawn('b', async () => [await wait(controller.signal), scheduler.now]),
    ]
    expect(await Promise.all(waits)).toEqual([
      [true, 200],
      [false, 100],
    ])
    expect(await wait()).toBe(true)
  })

  it('that nobody signals is named to those who are stuck', async () => {
    const rig = new FenceRig()
    void rig.fence().wait(rig.scheduler, 'the fence')
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(rig.stuck).toEqual([['main (the fence)']])
  })
})

describe('the stub', () => {
  it('was always signalled, in the context that no other fence has', () => {
    const { fences } = new FenceRig()
    const { context, seqno, status, ops } = fences.stub
    expect([context, seqno, status]).toEqual([0, 0, 1])
    expect([ops.driverName, ops.timelineName]).toEqual(['stub', 'stub'])
    expect([fences.allocateContexts(3), fences.allocateContexts()]).toEqual([1, 4])
  })
})
