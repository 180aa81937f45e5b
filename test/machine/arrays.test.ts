/** Arrays that were handed out: which of their stores are found, as whose, and when the arrays end. */
import { describe, expect, it } from 'vitest'
import { armSoc } from '../../src/boards/arm-soc.ts'
import { pc } from '../../src/boards/pc.ts'
import type { CpuAccessEvent, DmabufEvent, MemoryAttribute } from '../../src/events/event.ts'
import { OpenBrackets } from '../../src/kernel/dmabuf/brackets.ts'
import { CpuMapping, type HandedOut } from '../../src/kernel/dmabuf/cpu-mapping.ts'
import type { Board } from '../../src/machine/board.ts'
import { Machine } from '../../src/machine/machine.ts'
import { eagerPolicy, lazyPolicy } from '../../src/machine/policy.ts'
import type { Storage } from '../../src/machine/storage.ts'

const PAGE = 4096
const BEHIND = { actual: false, judged: false }
const BOARDS: readonly Board[] = [armSoc, pc]

interface Shown {
  readonly attribute?: MemoryAttribute
  readonly buffer?: number
  readonly storageOffset?: number
  readonly offset?: number
  readonly length?: number
}

class Rig {
  readonly machine: Machine
  readonly storage: Storage
  readonly events: DmabufEvent[] = []
  readonly brackets = new OpenBrackets()
  #mappings = 0

  constructor(board: Board, size: number = 2 * PAGE, policy = lazyPolicy) {
    this.machine = new Machine({ board, judged: armSoc, policy })
    this.machine.events.listen((event) => this.events.push(event))
    this.storage = this.machine.ram.allocate(size) as Storage
    this.machine.memory.cpuFill(this.storage, 0, size, 0, 0)
    this.flush()
  }

  /** Every line leaves the cache; memory holds all. */
  flush(): void {
    const { size } = this.storage
    for (const op of ['clean', 'invalidate'] as const) {
      this.machine.memory.maintain(this.storage, 0, size, { actual: op, judged: op })
    }
  }

  map(shown: Shown = {}): CpuMapping {
    const { storageOffset = 0, length = this.storage.size, attribute = 'cached' } = shown
    return new CpuMapping(this.machine, {
      id: ++this.#mappings,
      buffer: shown.buffer ?? 1,
      brackets: this.brackets,
      offset: shown.offset ?? 0,
      length,
      pages: { runs: [{ storage: this.storage, offset: storageOffset, length }], attribute },
      writable: true,
    })
  }

  /** The array that a program would get: over bytes of the mapping. */
  take(mapping: CpuMapping, start: number, end: number, scope: 'bracket' | 'mapping'): HandedOut {
    const handedOut = mapping.handOut(start, end, scope, false) as HandedOut
    if (scope === 'bracket') this.brackets.keep(mapping, handedOut)
    return handedOut
  }

  endBracket(): number {
    this.brackets.endViews(this.machine)
    return this.machine.events.emit({
      kind: 'cpu-access-end',
      buffer: 1,
      access: 'write',
      result: 0,
      synced: [],
    })
  }

  /** The program runs, without a call. */
  store(bytes: Uint8Array, at: number, value: number): void {
    this.machine.scheduler.programRan()
    bytes[at] = value
    this.machine.scheduler.programRan()
  }

  deviceLoad(start: number, end: number): number[] {
    this.machine.scheduler.programRan()
    const target = new Uint8Array(end - start)
    this.machine.memory.deviceLoad(this.storage, start, target, BEHIND)
    return [...target]
  }

  deviceStore(start: number, bytes: Uint8Array): void {
    this.machine.scheduler.programRan()
    this.machine.memory.deviceStore(this.storage, start, bytes, BEHIND, 1)
  }

  get stores(): Pick<CpuAccessEvent, 'buffer' | 'mapping' | 'range' | 'view' | 'viewEnded'>[] {
    return this.events
      .filter((event): event is CpuAccessEvent => event.kind === 'cpu-store')
      .map(({ buffer, mapping, range, view, viewEnded }) => ({
        buffer,
        mapping,
        range,
        view,
        viewEnded,
      }))
  }

  get lastView(): number | undefined {
    return this.events.findLast(({ kind }) => kind === 'cpu-view')?.id
  }
}

/** Its methods throw, wherever its memory went. */
function isDead(bytes: Uint8Array): boolean {
  try {
    bytes.at(0)
    return false
  } catch (error) {
    expect(String(error)).toContain('detached')
    return true
  }
}

for (const board of BOARDS) {
  describe(`arrays on ${board.name}`, () => {
    it('are told as of their own buffer, where buffers share a storage', () => {
      const rig = new Rig(board)
      const first = rig.map({ buffer: 7, length: PAGE })
      const second = rig.map({ buffer: -1, storageOffset: PAGE, offset: 3 * PAGE, length: PAGE })
      const a = rig.take(first, 0, PAGE, 'mapping').bytes
      const b = rig.take(second, 0, PAGE, 'mapping').bytes
      rig.store(a, PAGE - 1, 1)
      rig.store(b, 0, 2)
      rig.deviceLoad(0, 2 * PAGE)
      expect(rig.stores).toMatchObject([
        { buffer: -1, mapping: 2, range: { start: 3 * PAGE, end: 3 * PAGE + 1 } },
        { buffer: 7, mapping: 1, range: { start: PAGE - 1, end: PAGE } },
      ])
    })

    it('are told as of the newest, where several show the same bytes', () => {
      const rig = new Rig(board)
      const older = rig.take(rig.map({ buffer: 1 }), 0, PAGE, 'mapping').bytes
      rig.take(rig.map({ buffer: 2 }), 0, 64, 'mapping')
      rig.store(older, 0, 1)
      rig.store(older, 100, 1)
      rig.deviceLoad(0, PAGE)
      expect(rig.stores).toMatchObject([
        { buffer: 2, range: { start: 0, end: 1 } },
        { buffer: 1, range: { start: 100, end: 101 } },
      ])
    })

    it('of an ended access are watched while another array keeps them alive', () => {
      const rig = new Rig(board)
      const mapping = rig.map()
      const other = rig.take(mapping, PAGE, 2 * PAGE, 'mapping').bytes
      const { bytes } = rig.take(mapping, 0, PAGE, 'bracket')
      const taken = rig.lastView
      rig.store(bytes, 3, 1)
      const ended = rig.endBracket()
      expect(isDead(bytes)).toBe(false)
      rig.store(bytes, 5, 2)
      rig.deviceLoad(0, PAGE)
      expect(rig.stores).toMatchObject([
        { range: { start: 3, end: 4 }, view: taken, viewEnded: undefined },
        { range: { start: 5, end: 6 }, view: taken, viewEnded: ended },
      ])
      rig.store(bytes, 7, 2)
      mapping.unmap()
      expect(rig.stores[2]).toMatchObject({ range: { start: 7, end: 8 }, viewEnded: ended })
      expect([isDead(bytes), isDead(other)]).toEqual([true, true])
    })

    it('of an ended access are not blamed where a living one shows the same bytes', () => {
      const rig = new Rig(board)
      const mapping = rig.map()
      rig.take(mapping, 0, 2 * PAGE, 'mapping')
      const raw = rig.lastView
      for (let turn = 0; turn < 20; turn++) {
        const { bytes } = rig.take(mapping, 0, PAGE, 'bracket')
        rig.endBracket()
        rig.store(bytes, turn, turn + 1)
      }
      rig.deviceLoad(0, PAGE)
      expect(rig.stores.at(-1)).toMatchObject({ view: raw, viewEnded: undefined })
      expect(rig.storage.views.size).toBe(1)
    })

    it('of an ended access are blamed for what no living one shows', () => {
      const rig = new Rig(board)
      const mapping = rig.map()
      rig.take(mapping, 0, 64, 'mapping')
      const raw = rig.lastView
      const { bytes } = rig.take(mapping, 0, PAGE, 'bracket')
      const taken = rig.lastView
      const ended = rig.endBracket()
      rig.store(bytes, 1, 1)
      rig.store(bytes, 64, 1)
      rig.deviceLoad(0, PAGE)
      expect(rig.stores).toMatchObject([
        { range: { start: 1, end: 2 }, view: raw, viewEnded: undefined },
        { range: { start: 64, end: 65 }, view: taken, viewEnded: ended },
      ])
    })

    it('of many ended accesses to the same bytes are known once', () => {
      const rig = new Rig(board)
      const mapping = rig.map()
      rig.take(mapping, PAGE, 2 * PAGE, 'mapping')
      for (let turn = 0; turn < 20; turn++) {
        rig.take(mapping, 0, PAGE, 'bracket')
        rig.endBracket()
      }
      expect(rig.storage.views.size).toBe(2)
    })

    it('of mappings that are not cached are watched, and end when they are unmapped', () => {
      for (const attribute of ['uncached', 'write-combine'] as const) {
        const rig = new Rig(board)
        const mapping = rig.map({ attribute })
        const { bytes } = rig.take(mapping, 0, 2 * PAGE, 'mapping')
        rig.store(bytes, 9, 1)
        expect(rig.deviceLoad(8, 11)).toEqual([0, 1, 0])
        rig.deviceStore(64, new Uint8Array(64).fill(5))
        expect([...bytes.subarray(62, 66)]).toEqual([0, 0, 5, 5])
        rig.store(bytes, 70, 6)
        const target = new Uint8Array(1)
        rig.machine.scheduler.programRan()
        const cached = rig.map()
        cached.load(70, target)
        expect(target).toEqual(Uint8Array.of(6))
        rig.store(bytes, 70, 8)
        cached.load(70, target)
        const judged = rig.events.findLast(({ kind }) => kind === 'cpu-load')
        expect(judged).toMatchObject({ hazards: [{ kind: 'stale-line', wrongNow: board !== pc }] })
        expect(rig.stores).toMatchObject([
          { mapping: 1, range: { start: 9, end: 10 } },
          { mapping: 1, range: { start: 70, end: 71 } },
          { mapping: 1, range: { start: 70, end: 71 } },
        ])
        mapping.unmap()
        expect(isDead(bytes)).toBe(true)
        expect(rig.deviceLoad(9, 10)).toEqual([1])
      }
    })

    it('of one mapping do not end with another, cached or not', () => {
      for (const attribute of ['cached', 'uncached'] as const) {
        const rig = new Rig(board)
        const [one, two] = [rig.map({ attribute }), rig.map({ attribute })]
        const a = rig.take(one, 0, PAGE, 'mapping').bytes
        const b = rig.take(two, PAGE, 2 * PAGE, 'mapping').bytes
        one.unmap()
        expect([isDead(a), isDead(b)]).toEqual([false, false])
        const unmapped = rig.events.at(-1)
        expect(unmapped).toMatchObject({ kind: 'cpu-unmap', mapping: 1 })
        rig.store(a, 0, 1)
        rig.deviceLoad(0, PAGE)
        expect(rig.stores).toMatchObject([{ mapping: 1, viewEnded: unmapped?.id }])
        two.unmap()
        expect([isDead(a), isDead(b)]).toEqual([true, true])
      }
    })

    it('beside cached ones do not take stores of the others for theirs', () => {
      const rig = new Rig(board)
      const through = rig.take(rig.map({ buffer: 1 }), 0, PAGE, 'mapping').bytes
      const past = rig.take(
        rig.map({ buffer: 2, attribute: 'uncached' }),
        PAGE,
        2 * PAGE,
        'mapping',
      )
      rig.store(past.bytes, 0, 1)
      rig.store(through, 0, 2)
      rig.deviceLoad(0, 2 * PAGE)
      rig.flush()
      rig.deviceLoad(0, 2 * PAGE)
      expect(rig.stores.map(({ buffer, range }) => [buffer, range.start]).sort()).toEqual([
        [1, 0],
        [2, PAGE],
      ])
    })

    it('taken again are judged after what was stored through them', () => {
      const rig = new Rig(board, PAGE, eagerPolicy)
      const mapping = rig.map()
      const { bytes } = rig.take(mapping, 0, 64, 'mapping')
      rig.deviceStore(0, new Uint8Array(64).fill(5))
      rig.take(mapping, 0, 64, 'mapping')
      expect(rig.events.at(-1)).toMatchObject({ kind: 'cpu-view', hazards: [{}] })
      rig.machine.scheduler.programRan()
      bytes.fill(9)
      rig.machine.scheduler.programRan()
      rig.take(mapping, 0, 64, 'mapping')
      expect(rig.events.at(-1)).toMatchObject({ kind: 'cpu-view', hazards: [] })
      expect(rig.events.at(-2)).toMatchObject({ kind: 'cpu-store', range: { start: 0, end: 64 } })
    })

    it('tell the range of a store that a clean found to the byte', () => {
      const size = 1 << 19
      const rig = new Rig(board, size)
      const { bytes } = rig.take(rig.map(), 0, size, 'bracket')
      const first = 200_001
      for (const at of [first, 300_000]) rig.store(bytes, at, 1)
      rig.machine.memory.maintain(rig.storage, 0, size, { actual: 'clean', judged: 'clean' })
      expect(rig.stores).toMatchObject([{ range: { start: first, end: 300_001 } }])
      expect(rig.deviceLoad(first, first + 1)).toEqual([1])
    })

    it('are told of with where their mapping lies', () => {
      const rig = new Rig(board)
      rig.map({ storageOffset: PAGE, offset: 8 * PAGE, length: PAGE })
      expect(rig.events.at(-1)).toMatchObject({
        kind: 'cpu-map',
        range: { start: 8 * PAGE, end: 9 * PAGE },
        placement: [{ storage: rig.storage.id, offset: PAGE, length: PAGE }],
        expandable: false,
      })
    })
  })
}

describe('a cached and an uncached array on the same bytes of a board that is not coherent', () => {
  it('show their own copies, and a store through one is not taken for one through the other', () => {
    const rig = new Rig(armSoc)
    const cached = rig.take(rig.map({ buffer: 1 }), 0, PAGE, 'mapping').bytes
    const past = rig.take(rig.map({ buffer: 2, attribute: 'uncached' }), 0, PAGE, 'mapping').bytes
    rig.store(past, 8, 1)
    expect(cached[8]).toBe(0)
    for (let turn = 0; turn < 2; turn++) expect(rig.deviceLoad(8, 9)).toEqual([1])
    expect(rig.stores).toMatchObject([{ buffer: 2, range: { start: 8, end: 9 } }])
    rig.store(cached, 8, 2)
    expect(rig.deviceLoad(8, 9)).toEqual([1])
    rig.flush()
    expect(past[8]).toBe(2)
    rig.deviceLoad(8, 9)
    expect(rig.stores.map(({ buffer }) => buffer)).toEqual([2, 1])
  })
})
