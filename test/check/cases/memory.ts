/** Memory below the buffers: the same bytes under two names, neighbours in a line, bounce copies. */
import { hazard, SIZE, type Story } from '../story.ts'
import { bare, type Case } from './case.ts'

const MEMFD = -1

/** A udmabuf over a memfd, both mapped by the program, imported by the camera. */
function twice(s: Story): void {
  s.memory(MEMFD, 'memfd frames')
  s.buffer()
  s.mapOf(MEMFD, 8)
  s.mapOf(1, 7)
  s.maintain('clean', 'camera')
  s.dmaMap({ attachment: 1 })
}

/** The driver's own memory: 32 bytes for a device, and its neighbour in the line. */
const HALF = { start: 0, end: 32 }
function halves(s: Story, at: number): void {
  s.memory(-2, 'status of vpdma', 32)
  s.memory(-3, 'counters of vpdma', 32)
  s.dmaMap({ buffer: -2, range: HALF, at: 0, direction: 'from-device', line: 105 })
  s.dmaMap({ buffer: -3, mapping: 9, range: HALF, at, line: 106 })
}

export const memory: readonly Case[] = [
  {
    rule: 'uncovered-mapping',
    what: 'stores through the memfd, and a device that has the dma-buf mapped misses it',
    line: 5,
    data: true,
    ...bare((s, bad) => {
      twice(s)
      const buffer = bad ? MEMFD : 1
      const mapping = bad ? 8 : 7
      if (!bad) s.start('write', 4)
      const stored = s.cpu('store', { buffer, mapping, line: 5 })
      if (!bad) s.end('write', 6)
      s.bus('load', { hazards: bad ? [hazard('memory-behind', stored)] : [] })
    }),
  },
  {
    rule: 'uncovered-mapping',
    what: 'reads through the memfd what a device wrote to the dma-buf',
    line: 5,
    data: true,
    ...bare((s, bad) => {
      twice(s)
      const stored = s.bus('store')
      if (!bad) s.start('read', 4)
      const hazards = bad ? [hazard('stale-line', stored)] : []
      s.cpu('load', { buffer: MEMFD, mapping: 8, hazards, line: 5 })
      if (!bad) s.end('read', 6)
    }),
  },
  {
    rule: 'uncovered-mapping',
    what: 'begins the CPU access of another dma-buf over the same pages',
    line: 5,
    data: true,
    ...bare((s, bad) => {
      s.buffer()
      s.buffer(2, 11)
      s.mapOf(2, 7)
      s.dmaMap({ attachment: 1 })
      const on = bad ? 2 : 1
      const access = { access: 'write', result: 0, synced: ['camera'] } as const
      s.emit({ kind: 'cpu-access-begin', buffer: on, ...access }, { line: 4 })
      const stored = s.cpu('store', { buffer: 2, mapping: 7, line: 5 })
      s.emit({ kind: 'cpu-access-end', buffer: on, ...access }, { line: 6 })
      s.bus('load', { hazards: bad ? [hazard('memory-behind', stored)] : [] })
    }),
    others: ['write-outside-bracket'],
  },
  {
    rule: 'uncovered-mapping',
    what: 'a store through the memfd leaves a dirty line over what a device writes',
    line: 5,
    data: true,
    ...bare((s, bad) => {
      twice(s)
      s.cpu('store', { buffer: MEMFD, mapping: 8, line: 5 })
      if (!bad) s.maintain('clean', 'camera')
      const stored = s.bus('store')
      s.start('read', 6)
      s.cpu('load', { mapping: 7, hazards: bad ? [hazard('lost', stored)] : [], line: 7 })
      s.end('read', 8)
    }),
  },
  {
    rule: 'unsafe-skip-hint',
    what: "an exporter's own pages, zeroed, are mapped without the sync",
    line: 102,
    data: true,
    ...bare((s, bad) => {
      s.memory(-2, 'pages of vpdma')
      s.dmaMap({ buffer: -2, mapping: 9, device: 'other' })
      s.cpu('store', { buffer: -2, range: { start: 0, end: SIZE }, by: 'vpdma', line: 101 })
      s.buffer(1, 10, { line: 101 })
      if (!bad) s.maintain('clean', 'camera')
      s.dmaMap({ attachment: 1, skip: true, line: 102 })
      const stored = s.bus('store')
      s.start('read', 4)
      s.load(5, bad ? [hazard('lost', stored)] : [])
      s.end('read', 6)
    }),
  },
  {
    rule: 'sync-is-noop',
    what: "stores through the memfd inside the buffer's CPU access, which reaches a pseudo-device alone",
    line: 6,
    data: true,
    ...bare((s, bad) => {
      twice(s)
      s.start('write', 4, { synced: ['udmabuf'] })
      const stored = s.cpu('store', { buffer: MEMFD, mapping: 8, line: 5 })
      s.end('write', 6, { synced: ['udmabuf'] })
      s.bus('load', { hazards: bad ? [hazard('memory-behind', stored)] : [] })
    }),
  },
  {
    rule: 'shared-line',
    what: "a neighbour's dirty line goes back over what the device wrote",
    line: 105,
    data: true,
    ...bare((s, bad) => {
      halves(s, bad ? 32 : 64)
      s.cpu('store', { buffer: -3, range: HALF, by: 'vpdma', line: 107 })
      const stored = s.bus('store', { buffer: -2, range: HALF })
      s.sync('cpu', { buffer: -2, range: HALF, direction: 'from-device' })
      const hazards = bad ? [hazard('lost', stored, { end: 32 })] : []
      s.cpu('load', { buffer: -2, range: HALF, by: 'vpdma', hazards, line: 108 })
    }),
  },
  {
    rule: 'shared-line',
    what: 'an invalidate drops what the neighbour had stored',
    line: 109,
    data: true,
    ...bare((s, bad) => {
      halves(s, bad ? 32 : 64)
      const stored = s.cpu('store', { buffer: -3, range: HALF, by: 'vpdma', line: 107 })
      s.emit(
        {
          kind: 'maintenance',
          op: 'invalidate',
          buffer: -2,
          range: HALF,
          device: 'camera',
          bytes: 32,
        },
        { line: 109 },
      )
      const hazards = bad ? [hazard('lost', stored, { end: 32 })] : []
      s.cpu('load', { buffer: -3, range: HALF, by: 'vpdma', hazards, line: 108 })
    }),
  },
  {
    rule: 'shared-line',
    what: 'the program stores beside the part that is mapped, in the same line',
    line: 5,
    data: true,
    ...bare((s, bad) => {
      s.buffer()
      s.mapOf(1, 7)
      const range = { start: bad ? 32 : 64, end: SIZE }
      s.dmaMap({ attachment: 1, range })
      s.start('write', 4)
      s.cpu('store', { mapping: 7, range: HALF, line: 5 })
      const stored = s.bus('store', { range })
      s.end('write', 6)
      s.start('read', 7)
      const hazards = bad ? [hazard('lost', stored, { start: 32, end: 64 })] : []
      s.cpu('load', { mapping: 7, range: { start: 32, end: 64 }, hazards, line: 8 })
      s.end('read', 9)
    }),
  },
  {
    rule: 'shared-line',
    what: 'DMA-API debugging sees two mappings in a line',
    line: 105,
    ...bare((s, bad) => {
      halves(s, bad ? 32 : 64)
      if (bad) s.misuse('overlapping-lines', { operation: 'dma_map_single', buffer: -3, line: 105 })
    }),
  },
  {
    rule: 'bounce-not-synced',
    what: 'a display scans a bounce copy that a camera does not write',
    line: 102,
    data: true,
    ...bare((s, bad) => {
      s.buffer()
      s.dmaMap({ attachment: 1 })
      s.dmaMap({ attachment: 2, mapping: 2, device: 'display', bounced: bad, line: 102 })
      const stored = s.bus('store')
      const hazards = bad ? [hazard('lost', stored)] : []
      s.bus('load', { mapping: 2, device: 'display', hazards })
    }),
  },
  {
    rule: 'bounce-not-synced',
    what: 'a driver never syncs what its device wrote',
    line: 102,
    data: true,
    ...bare((s, bad) => {
      s.memory(-2, 'status of vpdma')
      s.dmaMap({ buffer: -2, bounced: true, line: 102 })
      const stored = s.bus('store', { buffer: -2, snooped: true })
      if (!bad) s.sync('cpu', { buffer: -2 })
      const hazards = bad ? [hazard('lost', stored)] : []
      s.cpu('load', { buffer: -2, by: 'vpdma', hazards, line: 108 })
    }),
  },
  {
    rule: 'write-outside-bracket',
    what: 'a bounce copy misses the store: it is the program that did not sync',
    line: 5,
    data: true,
    ...bare((s, bad) => {
      s.buffer()
      s.dmaMap({ attachment: 1, bounced: true, direction: 'to-device' })
      s.mapOf(1, 7)
      if (!bad) s.start('write', 4)
      const stored = s.store(5)
      if (!bad) s.end('write', 6)
      s.bus('load', { hazards: bad ? [hazard('lost', stored)] : [], bounced: true })
    }),
  },
  {
    rule: 'read-outside-bracket',
    what: 'reads the original behind a bounce copy',
    line: 5,
    data: true,
    ...bare((s, bad) => {
      s.buffer()
      s.dmaMap({ attachment: 1, bounced: true })
      s.mapOf(1, 7)
      const stored = s.bus('store', { snooped: true })
      if (!bad) s.start('read', 4)
      s.load(5, bad ? [hazard('lost', stored)] : [])
      if (!bad) s.end('read', 6)
    }),
  },
  {
    rule: 'partial-write-over-stale',
    what: 'an access for writing alone copies old bytes over a bounce copy',
    line: 4,
    data: true,
    ...bare((s, bad) => {
      s.buffer()
      s.dmaMap({ attachment: 1, bounced: true })
      s.mapOf(1, 7)
      const stored = s.bus('store', { snooped: true })
      const access = bad ? 'write' : 'read-write'
      s.start(access, 4)
      s.store(5)
      s.end(access, 6)
      s.start('read', 7)
      s.load(8, bad ? [hazard('lost', stored, { start: 512, end: 1024 })] : [])
      s.end('read', 9)
    }),
  },
]
