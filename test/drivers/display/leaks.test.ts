import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Bench, errnoOf } from './bench.ts'
import { Drm } from './drm.ts'
import { holds } from './holds.ts'
import { BYTES, PERIOD, small, xr24 } from './small.ts'

/** Ids and handles that are likely to exist, and some that are not. */
const handle = fc.integer({ min: 0, max: 5 })
const fbId = fc.integer({ min: 34, max: 39 })
const fd = fc.integer({ min: 3, max: 8 })

const calls = fc.oneof(
  fc.tuple(fc.constant('import'), fd),
  fc.tuple(fc.constant('export'), handle),
  fc.tuple(fc.constant('close'), handle),
  fc.tuple(fc.constant('dumb'), fc.integer({ min: 1, max: 64 })),
  fc.tuple(fc.constant('map'), handle),
  fc.tuple(fc.constant('destroy'), handle),
  { weight: 2, arbitrary: fc.tuple(fc.constant('addFb'), handle) },
  fc.tuple(fc.constant('rmFb'), fbId),
  { weight: 2, arbitrary: fc.tuple(fc.constant('show'), fbId) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('flip'), fbId) },
  fc.tuple(fc.constant('off'), fc.constant(0)),
  fc.tuple(fc.constant('read'), fc.constantFrom(0, 32, 100)),
  fc.tuple(fc.constant('closeFd'), fd),
  fc.tuple(fc.constant('sleep'), fc.integer({ min: 1, max: 20 })),
) as fc.Arbitrary<readonly [keyof typeof acts, number]>

const acts = {
  import: (drm: Drm, n: number) => drm.import(n),
  export: (drm: Drm, n: number) => drm.export(n),
  close: (drm: Drm, n: number) => drm.close(n),
  dumb: (drm: Drm, n: number) => drm.dumb(n, 32),
  map: (drm: Drm, n: number) => drm.mapOffset(n),
  destroy: (drm: Drm, n: number) => drm.destroyDumb(n),
  addFb: (drm: Drm, n: number) => xr24(drm, n),
  rmFb: (drm: Drm, n: number) => drm.rmFb(n),
  show: (drm: Drm, n: number) => drm.show(n),
  flip: (drm: Drm, n: number) => drm.flipWithEvent(n),
  off: (drm: Drm) => drm.off(),
  read: (drm: Drm, n: number) => drm.read(n),
  closeFd: (drm: Drm, n: number) => drm.bench.files.close(n),
  sleep: (drm: Drm, n: number) => drm.bench.sleep((n * PERIOD) / 10),
}

/** Which of two open files makes a call, and which. */
const step = fc.tuple(fc.boolean(), calls)
const program = fc.array(step, { maxLength: 40, size: 'max' })

function bench(): Bench {
  const made = new Bench(small)
  for (let i = 0; i < 3; i++) made.fdOf(made.heap.allocate(BYTES))
  return made
}

async function perform(
  pair: readonly [Drm, Drm],
  steps: readonly (readonly [boolean, readonly [keyof typeof acts, number]])[],
): Promise<void> {
  for (const [second, [name, n]] of steps) {
    await errnoOf(() => acts[name](pair[second ? 1 : 0], n))
  }
}

async function expectNothingLeft(made: Bench): Promise<void> {
  for (const open of [...made.files.open.keys()]) made.files.close(open)
  const count = (...kinds: Parameters<Bench['of']>): number => made.of(...kinds).length
  expect(made.core.buffers.length).toBe(0)
  expect(made.machine.ram.liveBytes).toBe(0)
  expect(count('attach')).toBe(count('detach'))
  expect(count('dma-map')).toBe(count('dma-unmap'))
  expect(count('job-start')).toBe(count('job-end'))
  expect(count('export')).toBe(count('release'))
  const opened = made.of('handle-open').filter(({ fresh }) => fresh).length
  const closed = made.of('handle-close').filter(({ result }) => result === 0).length
  expect(opened).toBe(closed)
  const loads = count('device-load')
  await made.sleep(3 * PERIOD)
  expect(count('device-load')).toBe(loads)
}

describe('whatever a program asks for', () => {
  it('is given back when it closes its files', () =>
    holds(
      fc.asyncProperty(program, fc.boolean(), async (steps, firstLast) => {
        const made = bench()
        const pair = [new Drm(made), new Drm(made)] as const
        await perform(pair, steps)
        for (const drm of firstLast ? [...pair].reverse() : pair) drm.release()
        await expectNothingLeft(made)
      }),
      { numRuns: 150 },
    ))

  it('is given back when two tasks ask at once, and one closes under the other', () =>
    holds(
      fc.asyncProperty(program, program, async (one, two) => {
        const made = bench()
        const pair = [new Drm(made), new Drm(made)] as const
        const { scheduler } = made.machine
        await Promise.all([
          scheduler.spawn('one', () => perform(pair, one)),
          scheduler.spawn('two', async () => {
            await perform(pair, two)
            for (const drm of pair) drm.release()
          }),
        ])
        await expectNothingLeft(made)
      }),
      { numRuns: 150 },
    ))
})
