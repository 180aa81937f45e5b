import type { Sequence, Step } from './operation.ts'

/** A difference that is meant to be. Random sequences do not make these calls. */
export interface Limit {
  readonly name: string
  readonly reason: string
  /** The shortest sequence that shows it: its last step differs, else the entry is out of date. */
  readonly shownBy: Sequence
}

const heap: Step = { op: 'open', path: '/dev/dma_heap/system', flags: 2 }
const memfd: readonly Step[] = [
  { op: 'memfd', name: 4, flags: 2 },
  { op: 'ftruncate', fd: { of: 'memfd', nth: 0 }, length: 8192 },
]
const fencedUdmabuf: readonly Step[] = [
  ...memfd,
  { op: 'seal', fd: { of: 'memfd', nth: 0 }, seals: 2 },
  { op: 'open', path: '/dev/udmabuf', flags: 2 },
  {
    op: 'udmabuf',
    fd: { of: 'udmabuf-node', nth: 0 },
    flags: 0,
    memfd: { of: 'memfd', nth: 0 },
    offset: 0,
    size: 8192,
  },
  { op: 'open', path: 'card', flags: 2 },
  { op: 'import', fd: { of: 'card', nth: 0 }, buffer: { of: 'dma-buf', nth: 0 }, flags: 0 },
  { op: 'attachFence', fd: { of: 'card', nth: 0 }, handle: 0, flags: 1, pad: 0 },
]

export const limits: readonly Limit[] = [
  {
    name: 'an interrupted START has not begun on linux',
    reason:
      'The kernel syncs and then waits for the fences. linux waits by poll before it calls the kernel, so that no thread is blocked; aborted while it waits, it has not called it at all. What a START that is not aborted returns and leaves is the same.',
    shownBy: [
      ...fencedUdmabuf,
      { op: 'interruptedSync', fd: { of: 'dma-buf', nth: 0 }, flags: 1 },
      { op: 'sync', fd: { of: 'dma-buf', nth: 0 }, flags: 5 },
    ],
  },
  {
    name: 'SEEK_DATA and SEEK_HOLE',
    reason:
      'Which pages of a memfd exist before somebody touches them is not modelled: all do. Nothing of buffer sharing asks.',
    shownBy: [...memfd, { op: 'lseek', fd: { of: 'memfd', nth: 0 }, offset: 0, whence: 3 }],
  },
  {
    name: 'anonymous memory',
    reason:
      'mmap of the waist maps files; the simulated process has its JavaScript for other memory, and the simulation does not look at MAP_ANONYMOUS.',
    shownBy: [
      { op: 'memfd', name: 4, flags: 2 },
      heap,
      {
        op: 'mmap',
        fd: { of: 'heap', nth: 0 },
        length: 4096,
        protection: 3,
        flags: 0x21,
        offset: 0,
      },
    ],
  },
  {
    name: 'folders, and files that are no device',
    reason:
      'A simulated process has no file system: it finds its devices, its fdinfo and bufinfo by name, and nothing else.',
    shownBy: [{ op: 'open', path: '/dev', flags: 0 }],
  },
  {
    name: 'huge pages',
    reason: 'The simulated kernel is built without them (CONFIG_HUGETLBFS), the lab has them.',
    shownBy: [{ op: 'memfd', name: 4, flags: 4 }],
  },
]

/** Operations that random sequences leave out, because their result is unspecified. */
export const leftOut: readonly string[] = [
  'which addresses mmap and mremap choose, and so whether a memfd mapping has room to grow in place',
  'accesses to addresses that a mapping has left and another one has been given',
  'inode and mount numbers, times, the numbers of fence contexts',
  'running out of memory: the guest would end the process',
]

/** Operations that the lab cannot compare, because its kernel is built without them. */
export const unverified: readonly string[] = [
  'sw_sync (CONFIG_SW_SYNC): timelines that a program counts up',
  'the CMA heap (CONFIG_DMABUF_HEAPS_CMA): contiguous buffers, mapped by fault',
  'DMA-API debugging (CONFIG_DMA_API_DEBUG): what the DMA layer calls a misuse',
  'moving buffers (CONFIG_DMABUF_MOVE_NOTIFY): dynamic importers',
  'vkms: a display that is only software',
  'vim2m: a memory-to-memory video device',
]
