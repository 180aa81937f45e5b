/** Mappings for devices and for CPUs: their directions, their hints, their ends. */
import type { DmaDirection } from '../../../src/events/event.ts'
import { hazard, type Story } from '../story.ts'
import { bare, type Case } from './case.ts'

const DESCRIPTORS = -2

/** A buffer of the user's exporter; START syncs with `syncs`. */
function exported(s: Story, syncs: () => void, mapped = true): void {
  s.buffer(1, 10, { line: 101 })
  if (mapped) s.dmaMap({ attachment: 1, line: 102 })
  s.mapOf(1, 7)
  const stored = s.bus('store')
  syncs()
  s.start('read', 4, { synced: ['camera'] })
  s.load(5, [hazard('stale-line', stored)])
  s.end('read', 6)
}

/**
 * A buffer of the user's exporter: the camera writes over the CPU's stores. The twin's END cleans
 * them. `ends` is the body of end_cpu_access.
 */
function endedInVain(ends: (s: Story) => void): Pick<Case, 'bad' | 'good'> {
  return bare((s, bad) => {
    s.buffer(1, 10, { line: 101 })
    s.dmaMap({ attachment: 1, line: 102 })
    s.mapOf(1, 7)
    s.start('read-write', 3)
    s.store(4)
    if (bad) ends(s)
    else s.sync('device', { line: 103 })
    s.end('read-write', 5, { synced: bad ? [] : ['camera'] })
    const stored = s.bus('store')
    s.sync('cpu', { line: 104 })
    s.start('read', 6)
    s.load(7, bad ? [hazard('lost', stored, { start: 0, end: 64 })] : [])
    s.end('read', 8)
  })
}

export const mappings: readonly Case[] = [
  {
    rule: 'mapping-direction',
    what: 'a device writes the status into descriptors that are mapped for reading',
    line: 105,
    data: true,
    ...bare((s, bad) => {
      const direction: DmaDirection = bad ? 'to-device' : 'bidirectional'
      s.memory(DESCRIPTORS, 'descriptors of vpdma')
      s.dmaMap({ buffer: DESCRIPTORS, direction, line: 105 })
      const stored = s.bus('store', { buffer: DESCRIPTORS })
      s.sync('cpu', { buffer: DESCRIPTORS, direction, line: 106 })
      const hazards = bad ? [hazard('stale-line', stored)] : []
      s.cpu('load', { buffer: DESCRIPTORS, by: 'vpdma', hazards, line: 107 })
    }),
  },
  {
    rule: 'mapping-direction',
    what: 'a device reads what is mapped for writing',
    line: 105,
    ...bare((s, bad) => {
      s.memory(DESCRIPTORS, 'descriptors of vpdma')
      s.dmaMap({ buffer: DESCRIPTORS, direction: bad ? 'from-device' : 'to-device', line: 105 })
      s.bus('load', { buffer: DESCRIPTORS })
    }),
  },
  {
    rule: 'mapping-direction',
    what: 'the sync for the CPU says to-device',
    line: 106,
    data: true,
    ...bare((s, bad) => {
      s.memory(DESCRIPTORS, 'descriptors of vpdma')
      s.dmaMap({ buffer: DESCRIPTORS, line: 105 })
      const stored = s.bus('store', { buffer: DESCRIPTORS })
      const direction: DmaDirection = bad ? 'to-device' : 'from-device'
      s.sync('cpu', { buffer: DESCRIPTORS, direction, line: 106 })
      const hazards = bad ? [hazard('stale-line', stored)] : []
      s.cpu('load', { buffer: DESCRIPTORS, by: 'vpdma', hazards, line: 107 })
    }),
  },
  {
    rule: 'mapping-direction',
    what: "begin_cpu_access syncs with one direction whatever the program's",
    line: 103,
    data: true,
    bad: (s) => exported(s, () => s.sync('cpu', { direction: 'to-device', line: 103 })),
    good: (s) => {
      s.buffer(1, 10, { line: 101 })
      s.dmaMap({ attachment: 1, line: 102 })
      s.mapOf(1, 7)
      s.bus('store')
      s.sync('cpu', { direction: 'from-device', line: 103 })
      s.start('read', 4)
      s.load(5)
      s.end('read', 6)
    },
  },
  {
    rule: 'mapping-direction',
    what: 'DMA-API debugging sees an unmap with another direction',
    line: 109,
    ...bare((s, bad) => {
      s.buffer()
      s.dmaMap({ line: 105 })
      if (bad) s.misuse('unmap-direction', { mapping: 1, line: 109 })
      s.dmaUnmap({ line: 109 })
    }),
  },
  {
    rule: 'mapping-direction',
    what: 'an importer unmaps to-device, and its exporter passes the direction on',
    line: 109,
    data: true,
    ...bare((s, bad) => {
      const direction: DmaDirection = bad ? 'to-device' : 'from-device'
      s.buffer(1, 10, { line: 101 })
      s.mapOf(1, 7)
      s.dmaMap({ attachment: 1, direction: 'from-device', line: 102 })
      const stored = s.bus('store')
      if (bad) s.misuse('attachment-unmap-direction', { mapping: 1, line: 109 })
      if (bad) s.misuse('unmap-direction', { mapping: 1, line: 103 })
      s.dmaUnmap({ attachment: 1, direction, line: 103 })
      s.start('read', 4, { synced: [] })
      s.load(5, bad ? [hazard('stale-line', stored)] : [])
      s.end('read', 6, { synced: [] })
    }),
  },
  {
    rule: 'mapping-direction',
    what: 'the IOMMU refuses a store',
    line: 105,
    ...bare((s, bad) => {
      s.buffer()
      s.dmaMap({ direction: bad ? 'to-device' : 'from-device', line: 105 })
      if (bad) s.fault('read-only', { mapping: 1 })
      else s.bus('store')
    }),
  },
  {
    rule: 'sync-is-noop',
    what: 'begin_cpu_access does the work of end_cpu_access',
    line: 103,
    data: true,
    bad: (s) => exported(s, () => s.sync('device', { line: 103 })),
    good: (s) => {
      s.buffer(1, 10, { line: 101 })
      s.dmaMap({ attachment: 1, line: 102 })
      s.mapOf(1, 7)
      s.bus('store')
      s.sync('cpu', { line: 103 })
      s.start('read', 4)
      s.load(5)
      s.end('read', 6)
    },
  },
  {
    rule: 'sync-is-noop',
    what: 'an exporter has no operations for CPU access',
    line: 101,
    data: true,
    ...bare((s, bad) => {
      s.buffer(1, 10, { line: 101 })
      s.dmaMap({ attachment: 1, line: 102 })
      s.mapOf(1, 7)
      const stored = s.bus('store')
      s.start('read', 4, { synced: bad ? [] : ['camera'] })
      s.load(5, bad ? [hazard('stale-line', stored)] : [])
      s.end('read', 6, { synced: [] })
    }),
  },
  {
    rule: 'sync-is-noop',
    what: 'the camera writes over a line that END left dirty: there is no end_cpu_access',
    line: 101,
    data: true,
    ...endedInVain(() => {}),
  },
  {
    rule: 'sync-is-noop',
    what: 'the camera writes over a line that END left dirty: it did the work of begin_cpu_access',
    line: 103,
    data: true,
    ...endedInVain((s) => s.sync('cpu', { direction: 'to-device', line: 103 })),
  },
  {
    rule: 'sync-is-noop',
    what: 'the camera writes over a line that END left dirty: it was for the GPU, which snoops',
    line: 103,
    data: true,
    ...endedInVain((s) => s.sync('device', { device: 'gpu', mapping: 3, line: 103 })),
  },
  {
    rule: 'sync-is-noop',
    what: 'begin_cpu_access syncs the first half',
    line: 103,
    data: true,
    ...bare((s, bad) => {
      s.buffer(1, 10, { line: 101 })
      s.dmaMap({ attachment: 1, line: 102 })
      s.mapOf(1, 7)
      const stored = s.bus('store')
      s.sync('cpu', { range: { start: 0, end: 2048 }, line: 103 })
      if (!bad) s.sync('cpu', { range: { start: 2048, end: 4096 }, line: 103 })
      s.start('read', 4)
      const hazards = bad ? [hazard('stale-line', stored, { start: 2048, end: 4096 })] : []
      s.load(5, hazards)
      s.end('read', 6)
    }),
  },
  {
    rule: 'sync-is-noop',
    what: 'SYNC reaches an attachment that was never mapped',
    line: 103,
    ...bare((s, bad) => {
      s.buffer(1, 10, { line: 101 })
      s.emit({ kind: 'attach', buffer: 1, attachment: 1, device: 'camera' })
      const operation = 'dma_sync_sgtable_for_cpu'
      if (bad) s.misuse('sync-unknown', { operation, line: 103 })
      s.start('read', 4, { synced: [] })
      s.end('read', 5, { synced: [] })
    }),
  },
  {
    rule: 'unsafe-skip-hint',
    what: 'skips the sync at map, with the zeros of a fresh buffer still dirty',
    line: 102,
    data: true,
    ...bare((s, bad) => {
      s.buffer()
      s.dmaMap({ attachment: 1, skip: bad, line: 102 })
      s.mapOf(1, 7)
      const stored = s.bus('store')
      s.start('read', 4)
      s.load(5, bad ? [hazard('lost', stored)] : [])
      s.end('read', 6)
    }),
  },
  {
    rule: 'unsafe-skip-hint',
    what: 'skips the sync at map after the CPU had stored',
    line: 102,
    data: true,
    ...bare((s, bad) => {
      s.buffer()
      s.mapOf(1, 7)
      s.start('write', 4, { synced: [] })
      const stored = s.store(5)
      s.end('write', 6, { synced: [] })
      s.dmaMap({ attachment: 1, skip: bad, line: 102 })
      s.bus('load', { hazards: bad ? [hazard('memory-behind', stored)] : [] })
    }),
  },
  {
    rule: 'unsafe-skip-hint',
    what: 'skips the sync at unmap, and the CPU reads old lines',
    line: 104,
    data: true,
    ...bare((s, bad) => {
      s.buffer()
      s.mapOf(1, 7)
      s.dmaMap({ attachment: 1, line: 102 })
      const stored = s.bus('store')
      s.dmaUnmap({ attachment: 1, skip: bad, line: 104 })
      s.start('read', 4, { synced: [] })
      s.load(5, bad ? [hazard('stale-line', stored)] : [])
      s.end('read', 6, { synced: [] })
    }),
  },
  {
    rule: 'unsynced-handoff',
    what: 'a driver reads what its device wrote without a sync',
    line: 107,
    data: true,
    ...bare((s, bad) => {
      s.memory(DESCRIPTORS, 'descriptors of vpdma')
      s.dmaMap({ buffer: DESCRIPTORS, line: 105 })
      const stored = s.bus('store', { buffer: DESCRIPTORS })
      if (!bad) s.sync('cpu', { buffer: DESCRIPTORS })
      const hazards = bad ? [hazard('stale-line', stored)] : []
      s.cpu('load', { buffer: DESCRIPTORS, by: 'vpdma', hazards, line: 107 })
    }),
  },
  {
    rule: 'unsynced-handoff',
    what: 'a driver stores after the map and does not sync',
    line: 107,
    data: true,
    ...bare((s, bad) => {
      s.memory(DESCRIPTORS, 'descriptors of vpdma')
      s.dmaMap({ buffer: DESCRIPTORS, line: 105 })
      const stored = s.cpu('store', { buffer: DESCRIPTORS, by: 'vpdma', line: 107 })
      if (!bad) s.sync('device', { buffer: DESCRIPTORS })
      s.bus('load', { buffer: DESCRIPTORS, hazards: bad ? [hazard('memory-behind', stored)] : [] })
    }),
  },
  {
    rule: 'use-after-release',
    what: 'stores through an array whose CPU access had ended',
    line: 5,
    data: true,
    ...bare((s, bad) => {
      s.buffer()
      s.dmaMap({ attachment: 1 })
      s.mapOf(1, 7)
      s.start('write', 4)
      const view = s.view(5, 'bracket')
      if (!bad) s.foundStore(view, view)
      const end = s.end('write', 6)
      if (!bad) return
      const stored = s.foundStore(view, end, { viewEnded: end })
      s.bus('load', { hazards: [hazard('memory-behind', stored)] })
    }),
  },
  {
    rule: 'use-after-release',
    what: 'the IOMMU refuses what was mapped once',
    line: 104,
    ...bare((s, bad) => {
      s.buffer()
      s.dmaMap({ attachment: 1 })
      if (!bad) s.bus('store')
      s.dmaUnmap({ attachment: 1, line: 104 })
      if (bad) s.fault('unmapped', { mapping: 1 })
    }),
  },
  {
    rule: 'use-after-release',
    what: 'a mapping ends in the middle of a job',
    line: 104,
    ...bare((s, bad) => {
      s.buffer()
      s.dmaMap({ attachment: 1 })
      s.jobStart(1, 'camera', 'write')
      if (bad) s.dmaUnmap({ attachment: 1, line: 104 })
      s.deviceStore(1)
      s.deviceStore(1)
      s.jobEnd(1, 'camera', 'write')
      if (!bad) s.dmaUnmap({ attachment: 1, line: 104 })
    }),
  },
  {
    rule: 'out-of-range',
    what: 'the IOMMU refuses what was never mapped',
    line: 102,
    ...bare((s, bad) => {
      s.buffer()
      s.dmaMap({ attachment: 1, line: 102 })
      if (bad) s.fault('out-of-range', { mapping: 1, range: { start: 4096, end: 8192 } })
      else s.bus('store')
    }),
  },
  {
    rule: 'growable-mapping',
    what: 'an exporter lets mappings grow',
    line: 101,
    ...bare((s, bad) => {
      s.buffer(1, 10, { line: 101 })
      s.mapOf(1, 7, { line: 4, expandable: bad })
      s.unmap()
    }),
  },
  {
    rule: 'growable-mapping',
    what: 'a mapping has grown past its buffer; one of a memfd may',
    line: 4,
    ...bare((s, bad) => {
      s.buffer()
      s.memory(-1, 'memfd frames')
      s.mapOf(bad ? 1 : -1, 7, { line: 4, end: 8192, expandable: true })
    }),
  },
  {
    rule: 'attribute-alias',
    what: 'a memfd mapped cached, and a dma-buf over its pages mapped uncached',
    line: 5,
    ...bare((s, bad) => {
      s.memory(-1, 'memfd frames')
      s.buffer()
      s.dmaMap({ attachment: 1 })
      s.mapOf(-1, 8, { at: bad ? 0 : 4096 })
      s.map(5, { attribute: 'uncached' })
    }),
  },
]
