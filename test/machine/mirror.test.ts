import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Hazard } from '../../src/events/event.ts'
import { SeededChoices } from '../../src/machine/choices.ts'
import { lineState } from '../../src/machine/line-state.ts'
import { Memory } from '../../src/machine/memory.ts'
import type { Mirror } from '../../src/machine/mirror.ts'
import {
  type CachePolicy,
  eagerPolicy,
  lazyPolicy,
  randomPolicy,
} from '../../src/machine/policy.ts'
import { ALL_FREEDOMS, StateTables } from '../../src/machine/state-table.ts'
import { type LiveView, Storage } from '../../src/machine/storage.ts'
import { LINE, NaiveHomes, type Place, SIZE, STORAGES } from './naive-homes.ts'

const TABLES = new StateTables(ALL_FREEDOMS)
const BEHIND = { actual: false, judged: false }
const SNOOPS = { actual: true, judged: true }

interface Board {
  readonly memory: Memory
  readonly storages: readonly Storage[]
  readonly found: { storage: Storage; start: number; end: number }[]
  /** Code of the program may have run: stores through arrays are looked for again. */
  tick(): void
}

function board(policy: CachePolicy, coherent = false, lineSize = LINE): Board {
  let epoch = 0
  let event = 1000
  const found: Board['found'] = []
  const memory = new Memory({
    coherent,
    checked: true,
    lineSize,
    edges: { actual: 'clean-invalidate', judged: 'clean-invalidate' },
    uncachedSnoops: BEHIND,
    tables: TABLES,
    policy,
    onStores: (storage, { start, end }) => {
      found.push({ storage, start, end })
      return ++event
    },
    latestEvent: () => event,
    epoch: () => epoch,
  })
  const storages = STORAGES.map((lines, id) => storage(id, lines * lineSize, coherent))
  return { memory, storages, found, tick: () => epoch++ }
}

/** Frames that were never cached, which hold 100 and more. */
function storage(id: number, size: number, coherent = false): Storage {
  const actual = lineState('absent', true, false)
  const memory = Uint8Array.from({ length: size }, (_, at) => 100 + id * 50 + (at % 50))
  // On a coherent board there is one array.
  const bytes = { memory, cached: coherent ? memory : memory.slice() }
  return new Storage(id, [], bytes, { actual, possible: TABLES.close(1 << actual) })
}

function mirrored(on: Board, start = 0, end = SIZE, at = 0): Mirror {
  const [original, copy] = on.storages as [Storage, Storage]
  const mirror = { original, start, end, copy, at }
  on.memory.link(mirror)
  return mirror
}

const bytes = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value)

describe('a second home', () => {
  it('shows a device what was copied out and cleaned, and nothing sooner', () => {
    const on = board(lazyPolicy)
    const mirror = mirrored(on)
    const { original, copy } = mirror
    const read = (): { byte: number | undefined; hazards: Hazard[] } => {
      const target = new Uint8Array(SIZE)
      const hazards = on.memory.deviceLoad(copy, 0, target, BEHIND)
      return { byte: target[0], hazards }
    }
    on.memory.cpuStore(original, 0, bytes(SIZE, 7), 'cached', 1)
    expect(read().hazards).toMatchObject([{ range: { start: 0, end: SIZE }, wrongNow: true }])
    on.memory.copyOut(mirror, 0, SIZE)
    expect(read().hazards).toMatchObject([{ kind: 'memory-behind', lastStore: 1, wrongNow: true }])
    on.memory.maintain(copy, 0, SIZE, { actual: 'clean', judged: 'clean' })
    expect(read()).toEqual({ byte: 7, hazards: [] })
    on.memory.cpuStore(original, 1, bytes(1, 8), 'cached', 2)
    expect(read().hazards).toMatchObject([
      { range: { start: 1, end: 2 }, lastStore: 2, wrongNow: true },
    ])
  })

  it('keeps what a device stored until it is copied back', () => {
    for (const coherent of [false, true]) {
      const on = board(lazyPolicy, coherent)
      const mirror = mirrored(on)
      on.memory.copyOut(mirror, 0, SIZE)
      on.memory.deviceStore(mirror.copy, 0, bytes(2, 9), SNOOPS, 5)
      const target = new Uint8Array(SIZE)
      const early = on.memory.cpuLoad(mirror.original, 0, target, 'cached')
      expect([...target]).toEqual([100, 101, 102, 103])
      expect(early).toMatchObject([
        { range: { start: 0, end: 2 }, kind: 'lost', lastStore: 5, wrongNow: true },
      ])
      on.memory.copyBack(mirror, 0, SIZE)
      expect(on.memory.cpuLoad(mirror.original, 0, target, 'cached')).toEqual([])
      expect([...target]).toEqual([9, 9, 102, 103])
    }
  })

  it('is not wrong now where the old bytes happen to be the right ones', () => {
    for (const coherent of [false, true]) {
      const on = board(lazyPolicy, coherent)
      const mirror = mirrored(on)
      on.memory.copyOut(mirror, 0, SIZE)
      on.memory.maintain(mirror.copy, 0, SIZE, { actual: 'clean', judged: 'clean' })
      on.memory.cpuStore(mirror.original, 0, Uint8Array.of(100, 7), 'cached', 3)
      const hazards = on.memory.deviceLoad(mirror.copy, 0, new Uint8Array(1), SNOOPS)
      expect(hazards).toMatchObject([{ lastStore: 3, wrongNow: false }])
      expect(on.memory.deviceLoad(mirror.copy, 1, new Uint8Array(1), SNOOPS)).toMatchObject([
        { lastStore: 3, wrongNow: true },
      ])
    }
  })

  it('is independent of another of the same bytes: the later copy back wins', () => {
    for (const coherent of [false, true]) {
      const on = board(lazyPolicy, coherent)
      const first = mirrored(on, 0, SIZE, 0)
      const second = mirrored(on, 0, SIZE, LINE)
      for (const mirror of [first, second]) on.memory.copyOut(mirror, 0, SIZE)
      on.memory.deviceStore(first.copy, 0, bytes(SIZE, 9), SNOOPS, 5)
      on.memory.copyBack(first, 0, SIZE)
      on.memory.copyBack(second, 0, SIZE)
      const target = new Uint8Array(SIZE)
      const hazards = on.memory.cpuLoad(first.original, 0, target, 'cached')
      expect([...target]).toEqual([100, 101, 102, 103])
      expect(hazards).toMatchObject([{ lastStore: 5, wrongNow: true }])
      expect(on.memory.deviceLoad(first.copy, 0, target, SNOOPS)).toEqual([])
    }
  })

  it('leaves the original to itself when it goes', () => {
    const on = board(lazyPolicy, true)
    const mirror = mirrored(on)
    on.memory.deviceStore(mirror.copy, 0, bytes(1, 9), SNOOPS, 5)
    on.memory.unlink(mirror)
    const target = new Uint8Array(1)
    const lost = on.memory.cpuLoad(mirror.original, 0, target, 'cached')
    expect(lost).toMatchObject([{ kind: 'lost', wrongNow: true }])
    on.memory.cpuStore(mirror.original, 0, bytes(1, 1), 'cached', 6)
    on.memory.deviceStore(mirror.copy, 0, bytes(1, 2), SNOOPS, 7)
    expect(on.memory.cpuLoad(mirror.original, 0, target, 'cached')).toEqual([])
  })

  it('has no home of its own, and shares its bytes with nobody', () => {
    const on = board(lazyPolicy)
    const mirror = mirrored(on, 0, SIZE, 0)
    const [original, copy] = on.storages as [Storage, Storage]
    const third = storage(2, SIZE)
    const link = (wrong: Mirror): void => on.memory.link(wrong)
    expect(() => link({ ...mirror, original: copy, copy: third })).toThrow('no copies')
    expect(() => link({ ...mirror, original: third, copy: original })).toThrow('no copy')
    expect(() => link({ ...mirror, at: 3 })).toThrow('share bytes')
    expect(() => link({ ...mirror, end: SIZE + 1 })).toThrow('in its original')
    expect(() => on.memory.copyOut(mirror, 0, SIZE + 1)).toThrow('mirrored')
    on.memory.unlink(mirror)
    expect(() => on.memory.unlink(mirror)).toThrow('once')
  })

  it('only moves bytes where nothing is checked', () => {
    const unchecked = new Memory({
      coherent: true,
      checked: false,
      lineSize: LINE,
      edges: { actual: 'invalidate', judged: 'invalidate' },
      uncachedSnoops: SNOOPS,
      tables: TABLES,
      policy: lazyPolicy,
      onStores: () => 0,
      latestEvent: () => 0,
      epoch: () => 0,
    })
    const mirror = { original: storage(0, 4), start: 0, end: 4, copy: storage(1, 4), at: 0 }
    unchecked.link(mirror)
    unchecked.copyOut(mirror, 1, 3)
    expect([...mirror.copy.cached]).toEqual([150, 101, 102, 153])
    mirror.copy.cached.fill(7)
    unchecked.copyBack(mirror, 0, 2)
    expect([...mirror.original.cached]).toEqual([7, 7, 102, 103])
  })
})

describe('an array on bytes with a second home', () => {
  const view = (): LiveView => ({
    start: 0,
    end: SIZE * 4,
    buffer: 1,
    shift: 0,
    attribute: 'cached',
    scope: 'mapping',
    taken: 1,
    mapping: 1,
    task: 'main',
  })

  it('has its stores found when the other home is read, and what a copy brought is no store', () => {
    for (const coherent of [false, true]) {
      for (const policy of [lazyPolicy, eagerPolicy]) {
        const on = board(policy, coherent, LINE * 4)
        const mirror = mirrored(on, 0, SIZE * 4)
        on.memory.copyOut(mirror, 0, SIZE * 4)
        on.memory.prepareView(mirror.original, view(), { scope: 'mapping', writeOnly: false })
        on.memory.handOut(mirror.original, view())
        on.tick()
        mirror.original.cached[5] = 1
        const target = new Uint8Array(SIZE * 4)
        expect(on.memory.deviceLoad(mirror.copy, 0, target, SNOOPS)).toMatchObject([
          { range: { start: 5, end: 6 }, wrongNow: true },
        ])
        expect(on.found).toEqual([{ storage: mirror.original, start: 5, end: 6 }])
        on.tick()
        on.memory.deviceStore(mirror.copy, 4, bytes(4, 77), SNOOPS, 50)
        on.tick()
        on.memory.copyBack(mirror, 0, SIZE * 4)
        on.tick()
        on.memory.reconcile(mirror.original, 0, SIZE * 4)
        expect(on.found.length).toBe(1)
        expect([...mirror.original.cached.subarray(3, 9)]).toEqual([103, 77, 77, 77, 77, 108])
        mirror.original.cached[4] = 2
        on.tick()
        expect(on.memory.deviceLoad(mirror.copy, 4, target.subarray(0, 4), SNOOPS)).toMatchObject([
          { range: { start: 4, end: 5 } },
        ])
      }
    }
  })

  it('keeps its image when a store elsewhere makes its bytes old', () => {
    const on = board(lazyPolicy, false, LINE * 4)
    const mirror = mirrored(on, 0, SIZE * 4)
    on.memory.prepareView(mirror.original, view(), { scope: 'mapping', writeOnly: false })
    on.memory.handOut(mirror.original, view())
    mirror.original.cached[8] = 1
    on.memory.deviceStore(mirror.copy, 0, bytes(SIZE * 4, 9), BEHIND, 50)
    on.tick()
    mirror.original.cached[12] = 2
    on.memory.reconcile(mirror.original, 0, SIZE * 4)
    expect(on.found.map(({ start, end }) => [start, end])).toEqual([
      [8, 9],
      [12, 13],
    ])
  })
})

// --- against the naive machine ------------------------------------------------------------------

const FIRST: Place = { storage: 1, at: 2 }
const SECOND: Place = { storage: 1, at: 5 }
const range = fc.tuple(fc.nat(SIZE - 1), fc.nat(SIZE)).map(([start, length]) => ({
  start,
  end: Math.min(SIZE, start + 1 + length),
}))
/** Two copies: bytes 0 to 3 lie at 2 in the second storage, over two lines; bytes 1 to 3 at 5. */
const MIRRORS = [
  { start: 0, end: 3, ...FIRST },
  { start: 1, end: 3, ...SECOND },
] as const

const op = fc.oneof(
  fc.record({
    op: fc.constantFrom(
      'device-load',
      'device-store',
      'snoop-load',
      'copy-out',
      'copy-back',
      'clean',
      'invalidate',
    ),
    copy: fc.nat(MIRRORS.length - 1),
    range,
  }),
  fc.record({
    op: fc.constantFrom(
      'cpu-load',
      'cpu-store',
      'device-load',
      'device-store',
      'clean',
      'invalidate',
    ),
    range,
  }),
)
type Op = ReturnType<typeof op.generate>['value']

interface Step {
  readonly original: { start: number; end: number }
  readonly mirror: Mirror
  readonly there: { storage: number; start: number; end: number }
}

function stepOf(what: Op, mirrors: readonly Mirror[]): Step | undefined {
  if (!('copy' in what)) {
    const mirror = mirrors[0] as Mirror
    return { original: what.range, mirror, there: { storage: 0, ...what.range } }
  }
  const mirror = mirrors[what.copy] as Mirror
  const start = Math.max(mirror.start, what.range.start)
  const end = Math.min(mirror.end, what.range.end)
  if (start >= end) return undefined
  const by = mirror.at - mirror.start
  return {
    original: { start, end },
    mirror,
    there: { storage: 1, start: start + by, end: end + by },
  }
}

/** Runs the operations on both machines and compares every read of a byte. */
function compare(ops: readonly Op[], policy: CachePolicy, coherent: boolean): void {
  const on = board(policy, coherent)
  const right = Array.from({ length: SIZE }, (_, at) => 100 + at)
  const mirrors = MIRRORS.map((m) => mirrored(on, m.start, m.end, m.at))
  const naive = new NaiveHomes(({ storage: id, at }) => 100 + id * 50 + at)
  let writer = 0
  for (const what of ops) {
    const step = stepOf(what, mirrors)
    if (step === undefined) continue
    const { original, mirror, there } = step
    const { storage: id, start, end } = there
    const home = on.storages[id] as Storage
    const target = new Uint8Array(end - start)
    const isRight = (through: 'cache' | 'memory', hazards: readonly Hazard[]): void => {
      const hazardAt = (at: number): Hazard | undefined =>
        hazards.find((hazard) => hazard.range.start <= at && at < hazard.range.end)
      target.forEach((got, i) => {
        const wanted = right[original.start + i] as number
        const possible = naive.values({ storage: id, at: start + i }, through)
        const harm = [...possible].some((value) => value !== wanted)
        expect(hazardAt(start + i) !== undefined).toBe(harm)
        if (!coherent) expect(possible.has(got)).toBe(true)
        if (got !== wanted) expect(hazardAt(start + i)?.wrongNow).toBe(true)
      })
      for (const hazard of hazards.filter(({ wrongNow }) => wrongNow)) {
        const places = Array.from(target.keys()).filter(
          (i) => hazard.range.start <= start + i && start + i < hazard.range.end,
        )
        const wrong = places.filter((i) => target[i] !== right[original.start + i])
        expect(hazard.wrongBytes).toBe(wrong.length)
      }
      const expected = new Uint8Array(target.length)
      on.memory.expected(home, start, expected)
      // 0: no copy holds the byte any more.
      for (const [i, byte] of expected.entries()) {
        expect([right[original.start + i], 0]).toContain(byte)
      }
    }
    const store = (): Uint8Array => {
      writer++
      right.fill(writer, original.start, original.end)
      return bytes(end - start, writer)
    }
    switch (what.op) {
      case 'cpu-load':
        isRight('cache', on.memory.cpuLoad(home, start, target, 'cached'))
        naive.load(id, start, end)
        break
      case 'cpu-store':
        on.memory.cpuStore(home, start, store(), 'cached', writer)
        naive.storeInCache(id, start, end, () => writer)
        break
      case 'device-load':
        isRight('memory', on.memory.deviceLoad(home, start, target, BEHIND))
        break
      case 'snoop-load':
        isRight('cache', on.memory.deviceLoad(home, start, target, SNOOPS))
        break
      case 'device-store':
        on.memory.deviceStore(home, start, store(), BEHIND, writer)
        naive.storeBehind(id, start, end, () => writer)
        break
      case 'copy-out':
        on.memory.copyOut(mirror, original.start, original.end)
        naive.copy({ storage: 0, at: original.start }, end - start, { storage: 1, at: start })
        break
      case 'copy-back':
        on.memory.copyBack(mirror, original.start, original.end)
        naive.copy({ storage: 1, at: start }, end - start, { storage: 0, at: original.start })
        break
      case 'clean':
        on.memory.maintain(home, start, end, { actual: 'clean', judged: 'clean' })
        naive.clean(id, start, end)
        break
      case 'invalidate':
        on.memory.maintain(home, start, end, { actual: 'invalidate', judged: 'invalidate' })
        naive.invalidate(id, start, end)
        break
    }
    expect(naive.count).toBeLessThan(200_000)
  }
}

/** A copy to one home dirties a line that it shares with another, before a device stores into that. */
const SHARED_LINE: readonly Op[] = [
  { op: 'copy-out', copy: 0, range: { start: 0, end: 3 } },
  { op: 'invalidate', copy: 0, range: { start: 0, end: 3 } },
  { op: 'copy-out', copy: 1, range: { start: 1, end: 3 } },
  { op: 'device-store', copy: 0, range: { start: 2, end: 3 } },
  { op: 'device-load', copy: 0, range: { start: 0, end: 3 } },
  { op: 'copy-back', copy: 0, range: { start: 2, end: 3 } },
  { op: 'cpu-load', range: { start: 0, end: 4 } },
]
/** The same within the original: the bytes beside the copied ones are a device's. */
const SHARED_ORIGINAL: readonly Op[] = [
  { op: 'copy-back', copy: 1, range: { start: 1, end: 3 } },
  { op: 'device-store', range: { start: 0, end: 1 } },
  { op: 'device-store', range: { start: 3, end: 4 } },
  { op: 'device-load', range: { start: 0, end: 4 } },
]

describe('homes, against a machine that makes every legal choice', () => {
  const policies: Record<string, () => CachePolicy> = {
    lazy: () => lazyPolicy,
    eager: () => eagerPolicy,
    random: () => randomPolicy(new SeededChoices(3)),
  }
  for (const [name, make] of Object.entries(policies)) {
    for (const coherent of [false, true]) {
      it(`${name} policy, ${coherent ? 'this run coherent' : 'as judged'}`, async () => {
        await fc.assert(
          fc.property(fc.array(op, { maxLength: 9 }), (ops) => compare(ops, make(), coherent)),
          { numRuns: 150, seed: 11 },
        )
      }, 60_000)

      it(`${name} policy, ${coherent ? 'this run coherent' : 'as judged'}: shared lines`, () => {
        for (const ops of [SHARED_LINE, SHARED_ORIGINAL]) compare(ops, make(), coherent)
      })
    }
  }
})
