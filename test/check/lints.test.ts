import { describe, expect, it } from 'vitest'
import type { Lint } from '../../src/check/index.ts'
import { Story } from './story.ts'

const BIG = { start: 0, end: 1 << 20 }
const PAGE = { start: 4096, end: 8192 }
const STATUS = -2

function lints(body: (story: Story) => void): readonly Lint[] {
  const story = new Story()
  body(story)
  const { findings, lints: found } = story.check()
  expect(findings).toEqual([])
  return found
}

describe('bracket-order', () => {
  const ended = (order: 'end first' | 'unmap first', used = true): readonly Lint[] =>
    lints((s) => {
      s.buffer()
      s.dmaMap({ attachment: 1 })
      s.map(3)
      s.start('write', 4)
      if (used) s.store(5)
      if (order === 'unmap first') s.unmap()
      s.end('write', 6)
      if (order === 'end first') s.unmap()
    })

  it('is about an END after the mapping is gone', () => {
    const found = ended('unmap first')
    expect(found.map(({ rule, origin }) => [rule, origin?.stack])).toEqual([
      ['bracket-order', 'line 6'],
    ])
    expect(ended('end first')).toEqual([])
  })

  it('is silent about an access inside another, through a mapping that ends with the inner one', () => {
    const found = lints((s) => {
      s.buffer()
      s.dmaMap({ attachment: 1 })
      s.map(3, { mapping: 6 })
      s.start('read', 4)
      s.map(5)
      s.start('read', 6)
      s.view(7, 'bracket')
      s.end('read', 8)
      s.unmap()
      s.end('read', 9)
      s.unmap(6)
    })
    expect(found.map(({ rule }) => rule)).toEqual(['redundant-sync'])
  })

  it('is about the outer access where that used the mapping itself', () => {
    const found = lints((s) => {
      s.buffer()
      s.dmaMap({ attachment: 1 })
      s.map(3)
      s.start('read', 4)
      s.load(5)
      s.start('read', 6)
      s.end('read', 7)
      s.unmap()
      s.end('read', 8)
    })
    expect(found.map(({ rule, origin }) => [rule, origin?.stack])).toEqual([
      ['redundant-sync', 'line 6'],
      ['bracket-order', 'line 8'],
    ])
  })

  it('is silent about a mapping that the access did not use', () => {
    expect(ended('unmap first', false)).toEqual([])
  })
})

describe('whole-buffer-sync', () => {
  const synced = (range: typeof BIG, more: (s: Story) => void = () => {}): readonly Lint[] =>
    lints((s) => {
      s.memory(STATUS, 'frames of vpdma', BIG.end)
      s.dmaMap({ buffer: STATUS, range: BIG, line: 101 })
      s.cpu('store', { buffer: STATUS, range: PAGE, by: 'vpdma', line: 102 })
      more(s)
      s.sync('device', { buffer: STATUS, range, line: 103 })
      s.bus('load', { buffer: STATUS })
    })

  it("is about a driver's sync of much more than was stored, with the numbers", () => {
    const [lint, ...others] = synced(BIG)
    expect(others).toEqual([])
    expect(lint).toMatchObject({ rule: 'whole-buffer-sync', origin: { stack: 'line 103' } })
    expect(lint?.message).toContain('syncs 1048576 bytes of frames of vpdma')
    expect(lint?.message).toContain('4096 were stored: 4096 to 8192')
    expect(synced(PAGE)).toEqual([])
  })

  it('is silent where stores may have gone unseen, or many bytes were touched', () => {
    expect(synced(BIG, (s) => s.cpu('store', { buffer: STATUS, range: BIG, by: 'vpdma' }))).toEqual(
      [],
    )
    expect(
      synced(BIG, (s) => {
        const what = { buffer: STATUS, mapping: 8, range: BIG, hazards: [] } as const
        s.emit({ kind: 'cpu-view', scope: 'mapping', ...what })
      }),
    ).toEqual([])
  })

  it('counts what is read after a sync for the CPU', () => {
    const read = (range: typeof PAGE): readonly Lint[] =>
      lints((s) => {
        s.memory(STATUS, 'frames of vpdma', BIG.end)
        s.dmaMap({ buffer: STATUS, range: BIG })
        s.bus('store', { buffer: STATUS, range: BIG })
        s.sync('cpu', { buffer: STATUS, range: BIG, line: 103 })
        s.cpu('load', { buffer: STATUS, range, by: 'vpdma' })
        s.dmaUnmap({ buffer: STATUS, range: BIG })
      })
    expect(read(PAGE).map(({ rule }) => rule)).toEqual(['whole-buffer-sync'])
    expect(read(BIG)).toEqual([])
  })

  it('is silent in a SYNC, which names no range to the exporter', () => {
    const found = lints((s) => {
      s.buffer(1, 10, { line: 101 })
      s.dmaMap({ attachment: 1, range: BIG, line: 102 })
      s.start('write', 4)
      s.cpu('store', { mapping: 7, range: PAGE, line: 5 })
      s.sync('device', { range: BIG, line: 103 })
      s.emit({ kind: 'cpu-access-end', buffer: 1, access: 'write', result: 0, synced: ['camera'] })
    })
    expect(found).toEqual([])
  })
})

describe('uncached-read', () => {
  const read = (
    attribute: 'cached' | 'uncached' | 'write-combine',
    access: 'read' | 'write' | 'read-write',
  ) =>
    lints((s) => {
      s.buffer()
      s.map(3, { attribute })
      s.start(access, 4)
      const view = { kind: 'cpu-view', buffer: 1, mapping: 7, range: BIG, hazards: [] } as const
      s.emit({ ...view, scope: 'bracket' }, { line: 5 })
      s.end(access, 6)
    })

  it('is about an access for reading through a mapping that goes past the cache', () => {
    for (const attribute of ['uncached', 'write-combine'] as const) {
      expect(read(attribute, 'read').map(({ rule, origin }) => [rule, origin?.stack])).toEqual([
        ['uncached-read', 'line 5'],
      ])
    }
  })

  it('is silent about a cached mapping, and about an access that may only write', () => {
    expect(read('cached', 'read')).toEqual([])
    expect(read('uncached', 'write')).toEqual([])
    expect(read('uncached', 'read-write')).toEqual([])
  })

  it('counts the loads that are seen in an access for reading and writing', () => {
    const found = lints((s) => {
      s.buffer()
      s.map(3, { attribute: 'uncached' })
      s.start('read-write', 4)
      for (let i = 0; i < 4096; i++) s.load(5)
      s.end('read-write', 6)
    })
    expect(found.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^the program has loaded \d+ bytes of buffer 1 /),
    ])
  })

  it('says of an array that its loads are presumed', () => {
    expect(read('uncached', 'read')[0]?.message).toContain('may have loaded up to')
  })

  it('counts loads, and is told once a buffer', () => {
    const loads = (count: number): readonly Lint[] =>
      lints((s) => {
        s.buffer()
        s.map(3, { attribute: 'uncached' })
        s.start('read', 4)
        for (let i = 0; i < count; i++) s.load(5)
        s.end('read', 6)
      })
    expect(loads(4095)).toEqual([])
    expect(loads(9000)).toMatchObject([{ rule: 'uncached-read', count: 1 }])
  })
})

describe('never-written', () => {
  /** A device writes two planes; the display reads the second where `at` says. */
  const planes = (at: number): readonly Lint[] =>
    lints((s) => {
      s.buffer()
      s.attach('codec')
      s.attach('display', { mapping: 2 })
      s.bus('store', { device: 'codec', range: { start: 0, end: 1024 } })
      s.bus('store', { device: 'codec', range: { start: 2048, end: 3072 } })
      s.bus('load', { device: 'display', mapping: 2, range: { start: 0, end: 1024 } })
      s.bus('load', { device: 'display', mapping: 2, range: { start: at, end: at + 1024 } })
      s.release()
    })

  it('is about bytes that a device reads instead of others that were written', () => {
    const found = planes(1536)
    expect(found.map(({ rule }) => rule)).toEqual(['never-written'])
    expect(found[0]?.message).toMatch(/^display reads bytes 1536 to 2048 of buffer 1 \(event \d+\)/)
    expect(planes(2048)).toEqual([])
  })

  it('is silent about fresh memory around all that was written', () => {
    const bordered = lints((s) => {
      s.buffer()
      s.attach('codec')
      s.attach('display', { mapping: 2 })
      s.bus('store', { device: 'codec', range: { start: 1024, end: 2048 } })
      s.bus('load', { device: 'display', mapping: 2 })
      s.release()
    })
    expect(bordered).toEqual([])
  })

  it('is silent about memory whose array was taken for writing: zeros over zeros are not seen', () => {
    const cleared = lints((s) => {
      s.buffer()
      s.attach('display', { mapping: 2 })
      s.map()
      s.start('write', 3)
      s.view(4, 'bracket')
      s.end('write', 5)
      s.bus('load', { device: 'display', mapping: 2, range: { start: 0, end: 1024 } })
      s.release()
    })
    expect(cleared).toEqual([])
  })
})

describe('never-read', () => {
  /** The program fills buffers, of which the display reads the one that `shown` says. */
  const swapped = (shown: (buffer: number) => number): readonly Lint[] =>
    lints((s) => {
      for (let buffer = 1; buffer <= 4; buffer++) {
        s.buffer(buffer, 10 + buffer)
        s.attach('display', { mapping: buffer, buffer })
        const [mapping, range] = [10 + buffer, { start: 0, end: 4096 }]
        const how = { attribute: 'write-combine', writable: true } as const
        s.emit({ kind: 'cpu-map', buffer, mapping, range, ...how })
        s.cpu('store', { buffer, line: 5, mapping })
        s.emit({ kind: 'cpu-unmap', buffer, mapping, range, ...how })
        s.bus('load', { device: 'display', mapping: shown(buffer), buffer: shown(buffer) })
        s.close(10 + buffer, buffer)
        if (buffer > 1) s.release(buffer)
      }
      s.release(1)
    })

  it('is about buffers that the program fills while a device goes on with another one', () => {
    const found = swapped(() => 1)
    expect(found.map(({ rule, count, origin }) => [rule, count, origin?.stack])).toEqual([
      ['never-read', 2, 'line 5'],
    ])
    expect(swapped((buffer) => buffer)).toEqual([])
  })

  it('is silent about one picture that is dropped', () => {
    expect(swapped((buffer) => (buffer === 3 ? 1 : buffer))).toEqual([])
  })
})
