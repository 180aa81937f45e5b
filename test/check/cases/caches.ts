/** Cache lines, and who syncs them for whom. */
import { hazard } from '../story.ts'
import { bare, both, type Case } from './case.ts'

export const caches: readonly Case[] = [
  {
    rule: 'dirty-over-dma',
    what: 'the zeros of a fresh buffer come over the frame',
    line: 5,
    data: true,
    ...bare((s, bad) => {
      s.buffer()
      // With no clean at the map.
      if (bad) s.dmaMap({ attachment: 1 })
      else s.attach('camera')
      s.map()
      const stored = s.frame()
      s.start('read', 4)
      s.load(5, bad ? [hazard('lost', stored)] : [])
      s.end('read', 6)
    }),
  },
  {
    rule: 'dirty-over-dma',
    what: 'a store that nobody cleaned comes over the frame',
    line: 3,
    data: true,
    others: ['write-outside-bracket'],
    ...both((s, bad) => {
      if (!bad) s.start('write', 2)
      s.store(3)
      if (!bad) s.end('write', 4)
      const stored = s.frame()
      s.start('read', 5)
      s.load(6, bad ? [hazard('lost', stored)] : [])
      s.end('read', 7)
    }),
  },
  {
    rule: 'dirty-over-dma',
    what: 'a store comes over the frame of a camera that was mapped after END, with no clean',
    line: 4,
    data: true,
    ...bare((s, bad) => {
      s.buffer(1, 10, { line: 101 })
      s.mapOf(1, 7)
      s.start('read-write', 3, { synced: [] })
      s.store(4)
      s.end('read-write', 5, { synced: [] })
      if (!bad) s.maintain('clean', 'camera')
      s.dmaMap({ attachment: 1, line: 102 })
      const stored = s.bus('store')
      s.sync('cpu', { line: 104 })
      s.start('read', 6)
      s.load(7, bad ? [hazard('lost', stored, { start: 0, end: 64 })] : [])
      s.end('read', 8)
    }),
  },
  {
    rule: 'early-invalidate',
    what: 'begins before the camera has finished',
    line: 4,
    data: true,
    ...both((s, bad) => {
      s.queue()
      s.jobStart(1, 'camera', 'write')
      if (bad) s.start('read', 4)
      const stored = s.deviceStore(1)
      s.jobEnd(1, 'camera', 'write')
      s.dequeue()
      if (!bad) s.start('read', 4)
      s.load(5, bad ? [hazard('stale-line', stored)] : [])
      s.end('read', 6)
    }),
  },
  {
    rule: 'attribute-alias',
    what: 'maps a page cached and uncached at once',
    line: 5,
    ...both((s, bad) => {
      s.map(5, { mapping: 8, attribute: bad ? 'uncached' : 'cached' })
      s.unmap(8)
    }),
  },
  {
    rule: 'attribute-alias',
    what: 'reads zeros that are still in the cache through an uncached mapping',
    line: 5,
    data: true,
    ...bare((s, bad) => {
      const zeroed = s.buffer()
      s.map(4, { attribute: bad ? 'uncached' : 'cached' })
      s.load(5, bad ? [hazard('memory-behind', zeroed)] : [])
    }),
  },
  {
    rule: 'sync-is-noop',
    what: 'END cleaned nothing, for no device was mapped',
    line: 6,
    data: true,
    ...bare((s, bad) => {
      s.buffer()
      s.attach('display', { mapping: 2, skip: true })
      s.map()
      const synced = bad ? [] : ['display']
      s.start('write', 4, { synced })
      const stored = s.store(5)
      s.end('write', 6, { synced })
      s.show(bad ? [hazard('memory-behind', stored)] : [])
    }),
  },
  {
    rule: 'sync-is-noop',
    what: 'START invalidated nothing',
    line: 4,
    data: true,
    ...both((s, bad) => {
      const stored = s.frame()
      s.start('read', 4, { synced: bad ? [] : ['camera'] })
      s.load(5, bad ? [hazard('stale-line', stored)] : [])
      s.end('read', 6)
    }),
  },
  {
    rule: 'unsynced-handoff',
    what: 'the display reads what a snooping device left in the cache',
    data: true,
    ...both((s, bad) => {
      s.jobStart(3, 'gpu', 'write', 3)
      const stored = s.deviceStore(3, 'gpu', true)
      s.jobEnd(3, 'gpu', 'write')
      if (!bad) s.maintain('clean', 'display')
      s.show(bad ? [hazard('memory-behind', stored)] : [])
    }),
  },
  {
    rule: 'early-reuse',
    what: 'queues what is on its way to the screen',
    line: 8,
    ...both((s, bad) => {
      s.picture('scanout-take', 7)
      if (!bad) s.picture('scanout-release')
      s.queue(8)
      s.dequeue()
      if (bad) s.picture('scanout-release')
    }),
  },
  {
    rule: 'early-reuse',
    what: 'draws into what is on screen, in memory that no access has to govern',
    line: 8,
    ...bare((s, bad) => {
      s.buffer()
      s.attach('display', { mapping: 2 })
      s.map(5, { attribute: 'write-combine' })
      s.store(6)
      s.picture('scanout-take', 7)
      s.jobStart(2, 'display', 'read', 2)
      if (bad) s.store(8)
      s.jobEnd(2, 'display', 'read')
      s.picture('scanout-release')
      if (!bad) s.store(8)
    }),
  },
  {
    rule: 'early-reuse',
    what: 'draws into what is on its way to the screen, and not into the other half of the buffer',
    line: 8,
    ...bare((s, bad) => {
      s.buffer()
      s.attach('display', { mapping: 2 })
      s.map(5, { attribute: 'write-combine' })
      s.picture('scanout-take', 7, { range: { start: 0, end: 2048 } })
      s.store(8, bad ? {} : { start: 2048, end: 2112 })
      s.picture('scanout-release')
    }),
  },
  {
    rule: 'early-reuse',
    what: 'queues what the display still reads',
    line: 8,
    ...both((s, bad) => {
      s.jobStart(2, 'display', 'read', 2)
      if (!bad) s.jobEnd(2, 'display', 'read')
      s.queue(8)
      s.dequeue()
      if (bad) s.jobEnd(2, 'display', 'read')
    }),
  },
]
