import fc from 'fast-check'
import { afterEach, expect, it, vi } from 'vitest'
import { Cache } from '../../src/machine/cache.ts'
import { lineState } from '../../src/machine/line-state.ts'
import { Memory } from '../../src/machine/memory.ts'
import type { Mirror } from '../../src/machine/mirror.ts'
import { lazyPolicy } from '../../src/machine/policy.ts'
import { ALL_FREEDOMS, StateTables } from '../../src/machine/state-table.ts'
import { type LiveView, Storage } from '../../src/machine/storage.ts'

afterEach(() => vi.restoreAllMocks())

const TABLES = new StateTables(ALL_FREEDOMS)
const SNOOPS = { actual: true, judged: true }
const SIZE = 64
const VIEWS = [
  { start: 0, end: SIZE },
  { start: 10, end: 40 },
]

/** The visible state of the homes of one buffer while arrays stand on it. */
class Seen {
  readonly log: unknown[] = []
  readonly #original = storage(0, SIZE)
  readonly #copy = storage(1, 3 * SIZE)
  readonly #mirrors: readonly Mirror[] = [0, 72].map((at) => ({
    original: this.#original,
    start: 0,
    end: SIZE,
    copy: this.#copy,
    at,
  }))
  readonly #linked = new Set<Mirror>()
  readonly #views = new Map<number, LiveView>()
  readonly #memory: Memory
  #epoch = 0
  #event = 1000

  constructor() {
    this.#memory = new Memory({
      coherent: true,
      judgedCoherent: true,
      checked: true,
      lineSize: 8,
      edges: { actual: 'clean-invalidate', judged: 'clean-invalidate' },
      uncachedSnoops: SNOOPS,
      tables: TABLES,
      policy: lazyPolicy,
      onStores: (_storage, range, view) => {
        this.log.push(['found', range, view.mapping])
        return ++this.#event
      },
      latestEvent: () => this.#event,
      epoch: () => this.#epoch,
    })
    for (const i of [0, 1]) this.link(i)
  }

  /** As a mapping is made or ended: its copy is filled at once. */
  link(which: number): void {
    const mirror = this.#mirror(which)
    if (this.#linked.delete(mirror)) {
      this.#memory.unlink(mirror)
      return
    }
    this.#linked.add(mirror)
    this.#memory.link(mirror)
    this.#memory.copyOut(mirror, 0, SIZE)
  }

  take(which: number): void {
    if (this.#views.has(which)) return
    const range = VIEWS[which] as { start: number; end: number }
    const view: LiveView = {
      ...range,
      buffer: 1,
      shift: 0,
      attribute: 'cached',
      scope: 'mapping',
      taken: ++this.#event,
      mapping: which,
      task: 'main',
    }
    this.#memory.prepareView(this.#original, range, { scope: 'mapping', writeOnly: false })
    this.#memory.handOut(this.#original, view)
    this.#views.set(which, view)
  }

  end(which: number): void {
    const view = this.#views.get(which)
    if (view === undefined) return
    this.#memory.endViews(this.#original, [view])
    this.#views.delete(which)
  }

  /** A store through an array, which is not observed. */
  array(which: number, at: number, value: number): void {
    const view = this.#views.get(which)
    this.#epoch++
    if (view === undefined || at < view.start || at + 4 > view.end) return
    this.#original.cached.fill(value, at, at + 4)
  }

  exact(at: number, value: number): void {
    const bytes = new Uint8Array(4).fill(value)
    this.#memory.cpuStore(this.#original, at, bytes, 'cached', ++this.#event)
  }

  deviceStore(which: number, at: number, value: number): void {
    const bytes = new Uint8Array(4).fill(value)
    this.#memory.deviceStore(this.#copy, this.#at(which) + at, bytes, SNOOPS, ++this.#event)
  }

  load(which: number): void {
    const ofCopy = new Uint8Array(SIZE)
    const at = this.#at(which)
    this.log.push(this.#memory.deviceLoad(this.#copy, at, ofCopy, SNOOPS), [...ofCopy])
    const ofCpu = new Uint8Array(SIZE)
    this.log.push(this.#memory.cpuLoad(this.#original, 0, ofCpu, 'cached'), [...ofCpu])
  }

  out(which: number, start: number, end: number): void {
    const mirror = this.#mirror(which)
    if (this.#linked.has(mirror)) this.#memory.copyOut(mirror, start, end)
  }

  back(which: number, start: number, end: number): void {
    const mirror = this.#mirror(which)
    if (this.#linked.has(mirror)) this.#memory.copyBack(mirror, start, end)
  }

  /** Copies to these homes, one after another. */
  outAll(order: readonly number[]): void {
    const mirrors = order.map((i) => this.#mirror(i)).filter((one) => this.#linked.has(one))
    this.#memory.expectCopiesOut(mirrors)
    for (const mirror of mirrors) this.#memory.copyOut(mirror, 0, SIZE)
  }

  #mirror(which: number): Mirror {
    return this.#mirrors[which] as Mirror
  }

  #at(which: number): number {
    return this.#mirror(which).at
  }
}

function storage(id: number, size: number): Storage {
  const actual = lineState('absent', true, false)
  const memory = Uint8Array.from({ length: size }, (_, at) => 100 + ((at + id) % 50))
  const initial = { actual, possible: TABLES.close(1 << actual) }
  return new Storage(id, [], { memory, cached: memory }, initial)
}

type Step = (seen: Seen) => void
const which = fc.constantFrom(0, 1)
const at = fc.integer({ min: 0, max: 15 }).map((word) => word * 4)
const value = fc.integer({ min: 1, max: 3 })
const range = fc.constantFrom<[number, number]>([0, SIZE], [0, SIZE], [8, 48], [20, 28])
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(which, at, value).map(
    ([i, from, byte]): Step =>
      (seen) =>
        seen.array(i, from, byte),
  ),
  fc.tuple(which, at, value).map(
    ([i, from, byte]): Step =>
      (seen) =>
        seen.array(i, from, byte),
  ),
  fc.tuple(at, value).map(
    ([from, byte]): Step =>
      (seen) =>
        seen.exact(from, byte),
  ),
  fc.tuple(which, at, value).map(
    ([i, from, byte]): Step =>
      (seen) =>
        seen.deviceStore(i, from, byte),
  ),
  which.map(
    (i): Step =>
      (seen) =>
        seen.take(i),
  ),
  which.map(
    (i): Step =>
      (seen) =>
        seen.end(i),
  ),
  which.map(
    (i): Step =>
      (seen) =>
        seen.link(i),
  ),
  which.map(
    (i): Step =>
      (seen) =>
        seen.load(i),
  ),
  fc.constantFrom([0, 1], [1, 0], [0], [1]).map(
    (order): Step =>
      (seen) =>
        seen.outAll(order),
  ),
  fc.tuple(which, range).map(
    ([i, [start, end]]): Step =>
      (seen) =>
        seen.out(i, start, end),
  ),
  fc.tuple(which, range).map(
    ([i, [start, end]]): Step =>
      (seen) =>
        seen.back(i, start, end),
  ),
)

function seenBy(steps: readonly Step[]): readonly unknown[] {
  const seen = new Seen()
  for (const each of steps) each(seen)
  for (const i of [0, 1]) seen.load(i)
  return seen.log
}

it('finds the same stores, bytes and hazards by a twin as by an image', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const withTwins = seenBy(steps)
      const never = vi.spyOn(Cache.prototype, 'canBeTwin').mockReturnValue(false)
      const withImages = seenBy(steps)
      never.mockRestore()
      expect(withTwins).toEqual(withImages)
    }),
    { numRuns: 500 },
  )
})
