import type { Sequence, Step } from './operation.ts'

const heap: Step = { op: 'open', path: '/dev/dma_heap/system', flags: 2 }
const card: Step = { op: 'open', path: 'card', flags: 2 }
const memfd: readonly Step[] = [
  { op: 'memfd', name: 4, flags: 2 },
  { op: 'ftruncate', fd: { of: 'memfd', nth: 0 }, length: 16_384 },
  { op: 'seal', fd: { of: 'memfd', nth: 0 }, seals: 2 },
]
const devices: readonly Step[] = [{ op: 'open', path: '/dev/udmabuf', flags: 2 }, card, ...memfd]
const first = { of: 'dma-buf', nth: 0 } as const
const ofCard = { of: 'card', nth: 0 } as const

function alloc(fdFlags = 2): Step {
  return { op: 'alloc', fd: { of: 'heap', nth: 0 }, len: 8192, fdIn: 0, fdFlags, heapFlags: 0 }
}

function mmap(of: string, words: object = {}): Step {
  const usual = { length: 8192, protection: 3, flags: 1, offset: 0 }
  return { op: 'mmap', fd: { of, nth: 0 }, ...usual, ...words }
}

/** Sequences that once showed a difference, by its name. */
export const found: Readonly<Record<string, Sequence>> = {
  'flags of what was opened have O_LARGEFILE': [heap, ...memfd],
  'lengths that no process has, offsets that no file has': [
    heap,
    alloc(),
    mmap('dma-buf', { length: 2 ** 52 }),
    mmap('heap', { length: 2 ** 52 }),
    mmap('dma-buf', { offset: -4096 }),
    card,
    mmap('card', { offset: -4096, length: 4096 }),
    mmap('card', { offset: -4096 }),
  ],
  'MAP_GROWSDOWN, and pages to execute': [
    heap,
    alloc(),
    mmap('dma-buf', { flags: 0x101 }),
    mmap('dma-buf', { protection: 4 }),
  ],
  'a private mapping of more than one page': [
    heap,
    alloc(),
    mmap('dma-buf', { flags: 2 }),
    mmap('dma-buf', { flags: 2, length: 4096 }),
  ],
  'seeking on devices and on texts': [
    heap,
    card,
    { op: 'openInfo', fd: { of: 'heap', nth: 0 }, flags: 0 },
    ...(['heap', 'card', 'text'] as const).flatMap((of) =>
      [0, 1, 2, 5].map((whence) => ({ op: 'lseek', fd: { of, nth: 0 }, offset: 0, whence })),
    ),
  ],
  'a length that wraps around when it is rounded up': [
    heap,
    { ...alloc(), len: 2 ** 64 - 2 ** 11 },
  ],
  'the time of the fence that was always signalled': [
    heap,
    alloc(),
    { op: 'exportSyncFile', fd: first, flags: 1, fdIn: -1 },
    { op: 'fileInfo', fd: { of: 'sync-file', nth: 0 }, room: 1, flags: 0, wild: false },
  ],
  'the descriptor of a call that runs on another thread': [
    ...devices,
    {
      op: 'udmabufList',
      fd: { of: 'udmabuf-node', nth: 0 },
      flags: 0,
      items: [{ memfd: { of: 'memfd', nth: 0 }, offset: 0, size: 4096 }],
    },
  ],
  'the access mode 3': [heap, alloc(3), mmap('dma-buf', { protection: 1 })],
  'ftruncate below zero, of what is not open': [{ op: 'ftruncate', fd: { slot: 40 }, length: -1 }],
  'F_SETFL with O_DIRECT, and with O_APPEND': [
    heap,
    { op: 'fcntl', fd: { of: 'heap', nth: 0 }, command: 4, argument: 0x7fffffff },
    { op: 'fcntl', fd: { of: 'heap', nth: 0 }, command: 4, argument: 3072 },
  ],
  'what an import holds': [
    heap,
    card,
    alloc(),
    { op: 'import', fd: ofCard, buffer: first, flags: 0 },
    { op: 'export', fd: ofCard, handle: 0, flags: 2 },
  ],
  'what the parts of a mapping hold': [
    heap,
    { ...alloc(), len: 20_480 },
    mmap('dma-buf', { length: 20_480 }),
    { op: 'munmap', map: 0, at: 4096, length: 5000 },
  ],
  'a store over the end of a file': [
    { op: 'memfd', name: 4, flags: 2 },
    { op: 'ftruncate', fd: { of: 'memfd', nth: 0 }, length: 4096 },
    mmap('memfd'),
    { op: 'store', map: 0, at: 716, length: 4096, value: 52 },
  ],
  'the import of a udmabuf ends without a copy': [
    ...devices,
    udmabuf({ offset: 0, size: 16_384 }),
    mmap('memfd', { length: 16_384 }),
    { op: 'import', fd: ofCard, buffer: first, flags: 0 },
    { op: 'store', map: 0, at: 5000, length: 4096, value: 221 },
    { op: 'gemClose', fd: ofCard, handle: 0, pad: 0 },
  ],
  'reading a sync file that is not signalled': [
    heap,
    card,
    alloc(),
    { op: 'import', fd: ofCard, buffer: first, flags: 0 },
    { op: 'attachFence', fd: ofCard, handle: 0, flags: 0, pad: 0 },
    { op: 'exportSyncFile', fd: first, flags: 3, fdIn: -1 },
    { op: 'read', fd: { of: 'sync-file', nth: 0 }, length: 0 },
  ],
  'reading what is open for writing only': [
    { ...card, flags: 1 },
    { op: 'read', fd: ofCard, length: 0 },
  ],
  'a text about what is closed by now': [
    heap,
    { op: 'openInfo', fd: { of: 'heap', nth: 0 }, flags: 0 },
    { op: 'close', fd: { of: 'heap', nth: 0 } },
    { op: 'lseek', fd: { of: 'text', nth: 0 }, offset: 0, whence: 0 },
    { op: 'lseek', fd: { of: 'text', nth: 0 }, offset: 1, whence: 0 },
  ],
  'mapping a text to execute it': [
    heap,
    { op: 'openInfo', fd: { of: 'heap', nth: 0 }, flags: 0 },
    mmap('text', { protection: 4 }),
  ],
  'a mapping of a dumb buffer, which holds no dma-buf': [
    card,
    { op: 'createDumb', fd: ofCard, width: 16, height: 16, bpp: 32, flags: 0 },
    { op: 'mapDumb', fd: ofCard, handle: 0, length: 1, flags: 1 },
    { op: 'export', fd: ofCard, handle: 0, flags: 2 },
    { op: 'fdinfo', fd: first },
    { op: 'gemClose', fd: ofCard, handle: 0, pad: 0 },
    { op: 'fdinfo', fd: first },
    { op: 'store', map: 0, at: 0, length: 64, value: 7 },
  ],
  'a position beyond what a number holds exactly': [
    ...memfd,
    { op: 'lseek', fd: { of: 'memfd', nth: 0 }, offset: 2 ** 53 - 1, whence: 2 },
    { op: 'fdinfo', fd: { of: 'memfd', nth: 0 } },
    { op: 'lseek', fd: { of: 'memfd', nth: 0 }, offset: 1, whence: 1 },
    { op: 'fdinfo', fd: { of: 'memfd', nth: 0 } },
    { op: 'read', fd: { of: 'memfd', nth: 0 }, length: 64 },
  ],
  'poll for normal data, which a dma-buf does not report': [
    heap,
    ...memfd,
    alloc(),
    {
      op: 'poll',
      fds: [
        { fd: { of: 'heap', nth: 0 }, events: 0x145 },
        { fd: { of: 'memfd', nth: 0 }, events: 0x140 },
        { fd: first, events: 0x145 },
        { fd: first, events: 0x140 },
      ],
    },
  ],
}

/** Sequences that random generation does not find. */
export const rare: Readonly<Record<string, Sequence>> = {
  'with every descriptor taken': [
    heap,
    ...devices,
    alloc(),
    { op: 'import', fd: ofCard, buffer: first, flags: 0 },
    { op: 'exportSyncFile', fd: first, flags: 1, fdIn: -1 },
    { op: 'fill', fd: { of: 'heap', nth: 0 } },
    { op: 'open', path: '/dev/udmabuf', flags: 2 },
    { op: 'dup', fd: { of: 'heap', nth: 0 } },
    { op: 'fcntl', fd: first, command: 0, argument: 0 },
    { op: 'fcntl', fd: first, command: 1030, argument: 90 },
    { op: 'memfd', name: 4, flags: 2 },
    alloc(),
    { ...alloc(), len: 2 ** 21 },
    udmabuf({ offset: 0, size: 4096 }),
    udmabuf({ offset: 0, size: 1 }),
    { op: 'export', fd: ofCard, handle: 0, flags: 2 },
    { op: 'export', fd: ofCard, handle: 100, flags: 2 },
    { op: 'exportSyncFile', fd: first, flags: 1, fdIn: -1 },
    { op: 'exportSyncFile', fd: first, flags: 9, fdIn: -1 },
    merge(0),
    merge(1),
    { op: 'fdinfo', fd: first },
    mmap('dma-buf'),
    { op: 'sync', fd: first, flags: 3 },
  ],
}

function udmabuf(words: object): Step {
  const memfd = { of: 'memfd', nth: 0 }
  return { op: 'udmabuf', fd: { of: 'udmabuf-node', nth: 0 }, flags: 0, memfd, ...words }
}

function merge(flags: number): Step {
  const file = { of: 'sync-file', nth: 0 }
  return { op: 'merge', fd: file, other: file, name: 'both', flags, pad: 0 }
}
