/** Memory behind a buffer: freed, or in several places at once. */
import type { NewEvent } from '../../../src/events/event.ts'
import { OWN, SIZE, type Story } from '../story.ts'
import { bare, type Case } from './case.ts'

const PAGES = -2
const SHADOW = -3
const DRIVER = { kind: 'kernel', name: OWN.name } as const

/** Memory of the exporter at an offset of storage 1. */
function pages(s: Story, buffer: number, at: number): void {
  const placement = [{ storage: 1, offset: at, length: SIZE }]
  const what = 'pages of vpdma'
  s.emit({ kind: 'memory', buffer, size: SIZE, what, placement, agent: DRIVER })
}

function free(s: Story, buffer: number, line: number): void {
  const event: NewEvent = { kind: 'release', buffer, agent: DRIVER }
  s.emit(event, { line })
}

function notify(s: Story): void {
  const what = { buffer: 1, attachment: 1, device: 'camera' }
  s.emit({ kind: 'move-notify', ...what }, { line: 104 })
}

/** A buffer of the user's exporter with pages, and others to move to. */
function exported(s: Story): void {
  pages(s, PAGES, 0)
  s.buffer(1, 10, { line: 101 })
}

/** The exporter copies the CPU's stores to `from`, or it forgets to. */
function copies(s: Story, from: number, to: number): void {
  const range = { start: 0, end: SIZE }
  s.cpu('load', { buffer: from, by: OWN.name, range })
  s.cpu('store', { buffer: to, by: OWN.name, range, line: 105 })
}

export const backing: readonly Case[] = [
  {
    rule: 'freed-in-use',
    what: 'frees pages that a process has mapped, and not those that it has unmapped',
    line: 103,
    ...bare((s, bad) => {
      exported(s)
      s.mapOf(1, 7, { line: 4 })
      if (!bad) s.unmap()
      free(s, PAGES, 103)
      if (bad) s.unmap()
    }),
  },
  {
    rule: 'freed-in-use',
    what: 'frees pages that a device has mapped, and not where its importer was told of the move',
    line: 103,
    ...bare((s, bad) => {
      exported(s)
      s.dmaMap({ attachment: 1, line: 102 })
      if (!bad) notify(s)
      free(s, PAGES, 103)
      s.dmaUnmap({ attachment: 1 })
    }),
  },
  {
    rule: 'freed-in-use',
    what: 'frees the pages that are mapped, and not those beside them',
    line: 103,
    ...bare((s, bad) => {
      exported(s)
      pages(s, SHADOW, SIZE)
      s.mapOf(1, 7, { line: 4 })
      free(s, bad ? PAGES : SHADOW, 103)
      s.unmap()
    }),
  },
  {
    rule: 'freed-in-use',
    what: 'frees before the release of the buffer, and not in it',
    line: 103,
    ...bare((s, bad) => {
      exported(s)
      s.dmaMap({ attachment: 1, line: 102 })
      s.close(10, 1)
      if (!bad) s.release()
      free(s, PAGES, 103)
      s.dmaUnmap({ attachment: 1 })
    }),
  },
  {
    rule: 'backing-mismatch',
    what: 'a device reads other pages than the program stored to, unless the exporter copies',
    line: 102,
    ...bare((s, bad) => {
      exported(s)
      pages(s, SHADOW, SIZE)
      s.mapOf(1, 7, { line: 4, at: SIZE })
      s.start('write', 5, { synced: [] })
      s.store(6)
      if (!bad) copies(s, SHADOW, PAGES)
      s.end('write', 7, { synced: [] })
      s.dmaMap({ attachment: 1, line: 102 })
      s.bus('load')
    }),
  },
  {
    rule: 'backing-mismatch',
    what: 'the program reads other pages than a device stored to, unless the exporter copies',
    line: 102,
    ...bare((s, bad) => {
      exported(s)
      pages(s, SHADOW, SIZE)
      s.dmaMap({ attachment: 1, line: 102 })
      s.mapOf(1, 7, { line: 4, at: SIZE })
      s.bus('store')
      if (!bad) copies(s, PAGES, SHADOW)
      s.start('read', 5)
      s.load(6)
      s.end('read', 7)
    }),
  },
  {
    rule: 'backing-mismatch',
    what: 'an array shows other pages than a device stored to, and not where it is the same memory',
    line: 102,
    ...bare((s, bad) => {
      exported(s)
      s.dmaMap({ attachment: 1, line: 102 })
      s.mapOf(1, 7, { line: 4, at: bad ? SIZE : 0 })
      s.bus('store')
      s.start('read', 5)
      s.view(6, 'bracket')
      s.end('read', 7)
    }),
  },
  {
    rule: 'backing-mismatch',
    what: 'a device goes on through a mapping from before the move, and not through a new one',
    line: 107,
    ...bare((s, bad) => {
      exported(s)
      s.dmaMap({ attachment: 1, line: 102 })
      notify(s)
      if (!bad) s.dmaUnmap({ attachment: 1 })
      if (!bad) s.dmaMap({ attachment: 1, line: 102 })
      s.jobStart(1, 'camera', 'read', 1, { line: 107 })
      s.jobEnd(1, 'camera', 'read')
    }),
  },
]
