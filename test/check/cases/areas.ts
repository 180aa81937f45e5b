/** Mappings of a process, in parts and in copies. */
import { SIZE, type Story } from '../story.ts'
import { bare, type Case } from './case.ts'

const FILE = -1
const EFAULT = -14
const BASE = 0x10000

/** Four pages are mapped; then `calls`, and a load from the third. */
function mapped(calls: Case['bad']): Case['bad'] {
  return (s) => {
    s.buffer()
    s.call('mmap', { fd: 10, length: 4 * SIZE, offset: 0, result: BASE }, 4)
    calls(s)
  }
}

function load(s: Story, page: number, { isBad = true, line = 6, length = 4 } = {}): void {
  const address = BASE + page * SIZE
  s.call('load', { address, length, result: isBad ? EFAULT : 0 }, line)
}

/** The twin loads from another page. */
const loads = (end: (s: Story) => void, badPage: number, goodPage: number) => ({
  bad: mapped((s) => {
    end(s)
    load(s, badPage)
  }),
  good: mapped((s) => {
    end(s)
    load(s, goodPage, { isBad: false })
  }),
})

/** A file of four pages, mapped whole. */
function file(s: Story, body: () => void, size = 4 * SIZE): void {
  s.memory(FILE, 'memfd frames', size)
  const call = { fd: 10, length: 4 * SIZE, offset: 0, result: BASE }
  s.call('mmap', call, 4, () => s.mapOf(FILE, 7, { end: size }))
  body()
}

function truncate(s: Story, size: number): void {
  s.emit({ kind: 'memory', buffer: FILE, size, what: 'memfd frames' }, { line: 5 })
}

export const areas: readonly Case[] = [
  {
    rule: 'use-after-release',
    what: 'loads from the hole that munmap has made in a mapping, and not beside it',
    line: 6,
    ...loads((s) => s.call('munmap', { address: BASE + SIZE, length: SIZE }, 5), 1, 2),
  },
  {
    rule: 'use-after-release',
    what: 'loads across a hole',
    line: 6,
    bad: (s) => {
      s.buffer()
      s.call('mmap', { fd: 10, length: 4 * SIZE, offset: 0, result: BASE }, 4)
      s.call('munmap', { address: BASE + SIZE, length: SIZE }, 5)
      load(s, 0, { length: 3 * SIZE })
    },
    good: (s) => {
      s.buffer()
      s.call('mmap', { fd: 10, length: 4 * SIZE, offset: 0, result: BASE }, 4)
      load(s, 0, { length: 3 * SIZE, isBad: false })
    },
  },
  {
    rule: 'use-after-release',
    what: 'loads from the tail that mremap has cut off',
    line: 6,
    ...loads(
      (s) =>
        s.call('mremap', { address: BASE, oldLength: 4 * SIZE, length: SIZE, result: BASE }, 5),
      3,
      0,
    ),
  },
  {
    rule: 'use-after-release',
    what: 'loads from where the mapping was before mremap moved it',
    line: 6,
    ...loads(
      (s) =>
        s.call(
          'mremap',
          { address: BASE, oldLength: SIZE, length: 2 * SIZE, result: BASE + 8 * SIZE },
          5,
        ),
      0,
      9,
    ),
  },
  {
    rule: 'out-of-range',
    what: 'loads what ftruncate has cut off under the mapping, and not what is left',
    line: 6,
    ...bare((s, bad) =>
      file(s, () => {
        truncate(s, SIZE + 1)
        load(s, bad ? 2 : 1, { isBad: bad })
        // The same mistake, seen again.
        if (bad) load(s, 3, { line: 7 })
      }),
    ),
  },
  {
    rule: 'out-of-range',
    what: 'loads what the file never had, and not what it has grown to',
    line: 6,
    ...bare((s, bad) =>
      file(
        s,
        () => {
          if (!bad) truncate(s, 4 * SIZE)
          load(s, 2, { isBad: bad })
        },
        SIZE,
      ),
    ),
  },
  {
    rule: 'private-copy',
    what: 'stores to a private mapping in a CPU access for writing, and as a scratch copy while reading',
    line: 4,
    ...bare((s, bad) => {
      s.buffer()
      s.attach('display', { mapping: 2 })
      s.mapPrivately(4)
      s.start(bad ? 'write' : 'read', 5, { synced: ['display'] })
      s.private('store', 6)
      s.private('load', 7)
      s.end(bad ? 'write' : 'read', 8, { synced: ['display'] })
      s.show()
    }),
  },
  {
    rule: 'private-copy',
    what: 'a device reads what was stored to a private mapping, unless others have stored since',
    line: 4,
    ...bare((s, bad) => {
      s.buffer()
      s.attach('camera')
      s.attach('display', { mapping: 2 })
      s.mapPrivately(4)
      s.private('store', 6)
      if (!bad) s.frame()
      s.show()
    }),
  },
  {
    rule: 'private-copy',
    what: 'reads a copy that was made before the camera wrote, and not one that was made after',
    line: 4,
    ...bare((s, bad) => {
      s.buffer()
      s.attach('camera')
      s.mapPrivately(4)
      if (!bad) s.frame()
      s.start('read', 5)
      s.private('store', 6)
      s.end('read', 7)
      if (bad) s.frame()
      s.start('read', 8)
      s.private('load', 9)
      s.end('read', 10)
    }),
  },
  {
    rule: 'private-copy',
    what: 'a device reads the pages of a file that is mapped private, and not other pages',
    line: 4,
    ...bare((s, bad) => {
      s.memory(FILE, 'memfd frames')
      s.mapPrivately(4, { buffer: FILE })
      s.private('store', 5, { buffer: FILE })
      s.buffer()
      s.dmaMap({ attachment: 1, at: bad ? 0 : SIZE })
      s.bus('load')
    }),
  },
]
