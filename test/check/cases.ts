/** For every rule a program that must be flagged, and a near twin that must not. */
import type { RuleId } from '../../src/check/index.ts'
import { hazard, type Story } from './story.ts'

export interface Case {
  readonly rule: RuleId
  readonly what: string
  readonly bad: (story: Story) => void
  readonly good: (story: Story) => void
  /** The line at fault, if one is. */
  readonly line?: number
  /** Whether the finding is about bytes. */
  readonly data?: boolean
  /** Whether other rules may have something to say as well. */
  readonly others?: readonly RuleId[]
}

/** A mapped buffer that a camera and a display share, released at the end. */
function shared(story: Story, body: () => void): void {
  story.buffer()
  story.attach('camera')
  story.attach('display', { mapping: 2 })
  story.map()
  body()
  story.unmap()
  story.close(10, 1)
  story.release()
  story.done()
}

const both = (body: (story: Story, isBad: boolean) => void): Pick<Case, 'bad' | 'good'> => ({
  bad: (story) => shared(story, () => body(story, true)),
  good: (story) => shared(story, () => body(story, false)),
})

/** As it is, without the buffer that the others begin with. */
const bare = (body: (story: Story, isBad: boolean) => void): Pick<Case, 'bad' | 'good'> => ({
  bad: (story) => body(story, true),
  good: (story) => body(story, false),
})

export const cases: readonly Case[] = [
  {
    rule: 'read-outside-bracket',
    what: 'loads what the camera wrote',
    line: 5,
    data: true,
    ...both((s, bad) => {
      const stored = s.frame()
      if (!bad) s.start('read', 4)
      s.load(5, bad ? [hazard('stale-line', stored)] : [])
      if (!bad) s.end('read', 6)
    }),
  },
  {
    rule: 'read-outside-bracket',
    what: 'loads what the camera wrote, on a board where that works',
    line: 5,
    ...both((s, bad) => {
      s.frame()
      if (!bad) s.start('read', 4)
      s.load(5)
      if (!bad) s.end('read', 6)
    }),
  },
  {
    rule: 'read-outside-bracket',
    what: 'takes an array with old bytes',
    line: 5,
    data: true,
    ...both((s, bad) => {
      const stored = s.frame()
      if (!bad) s.start('read', 4)
      s.view(5, bad ? 'mapping' : 'bracket', bad ? [hazard('stale-line', stored)] : [])
      if (!bad) s.end('read', 6)
    }),
  },
  {
    rule: 'read-outside-bracket',
    what: 'keeps an array that no access ever covers',
    line: 5,
    ...both((s, bad) => {
      s.view(5)
      s.frame()
      if (bad) return
      s.start('read', 6)
      s.end('read', 7)
    }),
  },
  {
    rule: 'read-outside-bracket',
    what: 'keeps an array of a buffer that a device shares',
    line: 5,
    ...bare((s, bad) => {
      s.buffer()
      s.map()
      s.view(5)
      if (bad) s.attach('camera')
      s.unmap()
      s.close(10, 1)
      s.release()
      s.done()
    }),
  },
  {
    rule: 'write-outside-bracket',
    what: 'stores what the display reads',
    line: 5,
    data: true,
    ...both((s, bad) => {
      if (!bad) s.start('write', 4)
      const stored = s.store(5)
      if (!bad) s.end('write', 6)
      s.show(bad ? [hazard('memory-behind', stored, { wrongNow: true })] : [])
    }),
  },
  {
    rule: 'write-outside-bracket',
    what: 'stores before a display imports the buffer',
    line: 5,
    ...bare((s, bad) => {
      s.buffer()
      s.map()
      if (!bad) s.start('write', 4, { synced: [] })
      s.store(5)
      if (!bad) s.end('write', 6, { synced: [] })
      s.attach('display', { mapping: 2 })
      s.show()
    }),
  },
  {
    rule: 'write-outside-bracket',
    what: 'stores to a buffer that a device shares',
    line: 5,
    ...bare((s, bad) => {
      s.buffer()
      if (bad) s.attach('display', { mapping: 2 })
      s.map()
      s.store(5)
      s.store(5)
    }),
  },
  {
    rule: 'write-outside-bracket',
    what: 'stores through an array after the END',
    line: 5,
    ...both((s, bad) => {
      s.start('read-write', 4)
      const view = s.view(5)
      s.end('read-write', 6)
      const since = s.events.length
      if (bad) s.foundStore(view, since - 2)
    }),
  },
  {
    rule: 'write-outside-bracket',
    what: 'stores through an array, and it is unknown when: the benefit of the doubt',
    line: 4,
    ...both((s, bad) => {
      const view = s.view(4)
      const since = s.events.length
      if (!bad) s.start('write', 5)
      if (!bad) s.end('write', 6, { synced: [] })
      s.foundStore(view, since)
    }),
  },
  {
    rule: 'unbalanced-bracket',
    what: 'START for reading inside an access for writing',
    line: 6,
    data: true,
    ...both((s, bad) => {
      s.start('read-write', 4)
      const stored = s.store(5)
      if (!bad) s.end('read-write', 6)
      if (bad) s.maintain('invalidate', 'camera')
      s.start('read', 6)
      s.end('read', 7)
      if (bad) s.end('read-write', 8)
      s.show(bad ? [hazard('lost', stored)] : [])
    }),
  },
  {
    rule: 'unbalanced-bracket',
    what: 'END without START',
    line: 6,
    ...both((s, bad) => {
      s.start('write', 4)
      s.end('write', 5)
      if (bad) s.end('write', 6)
    }),
  },
  {
    rule: 'unbalanced-bracket',
    what: 'START without END',
    line: 4,
    ...both((s, bad) => {
      s.start('read', 4)
      if (!bad) s.end('read', 5)
    }),
  },
  {
    rule: 'bracket-direction',
    what: 'stores in an access for reading',
    line: 4,
    ...both((s, bad) => {
      const access = bad ? 'read' : 'read-write'
      s.start(access, 4)
      s.store(5)
      s.end(access, 6)
    }),
  },
  {
    rule: 'bracket-direction',
    what: 'reads in an access for writing',
    line: 4,
    data: true,
    ...both((s, bad) => {
      const stored = s.frame()
      const access = bad ? 'write' : 'read-write'
      s.start(access, 4)
      s.load(5, bad ? [hazard('stale-line', stored)] : [])
      s.end(access, 6)
    }),
  },
  {
    rule: 'bracket-direction',
    what: 'END does not say WRITE',
    line: 6,
    data: true,
    ...both((s, bad) => {
      s.start('read-write', 4)
      const stored = s.store(5)
      s.end(bad ? 'read' : 'read-write', 6)
      s.show(bad ? [hazard('memory-behind', stored)] : [])
    }),
  },
  {
    rule: 'sync-result-ignored',
    what: 'goes on after START has failed',
    line: 4,
    ...both((s, bad) => {
      s.frame()
      s.start('read', 4, { result: -4 })
      if (!bad) s.start('read', 4)
      s.load(5)
      if (!bad) s.end('read', 6)
    }),
  },
  {
    rule: 'sync-result-ignored',
    what: 'stores after START has failed, and the display misses it',
    line: 4,
    data: true,
    ...both((s, bad) => {
      s.start('write', 4, { result: -11 })
      if (!bad) s.start('write', 4)
      const stored = s.store(5)
      if (!bad) s.end('write', 6)
      s.show(bad ? [hazard('memory-behind', stored)] : [])
    }),
  },
  {
    rule: 'sync-result-ignored',
    what: 'sends END for a START that failed',
    line: 5,
    ...both((s, bad) => {
      s.start('read', 4, { result: -5 })
      if (bad) s.end('read', 5)
    }),
  },
  {
    rule: 'sync-result-ignored',
    what: 'does not repeat an END that failed',
    line: 6,
    ...both((s, bad) => {
      s.start('write', 4)
      s.store(5)
      s.end('write', 6, { result: -4 })
      if (!bad) s.end('write', 6)
      s.show()
    }),
  },
  {
    rule: 'bracket-not-awaited',
    what: 'queues the buffer before END is back',
    line: 6,
    ...both((s, bad) => {
      s.start('write', 4)
      const sync = s.enter('DMA_BUF_IOCTL_SYNC', { fd: 10 }, 6)
      const back = (): void => {
        s.end('write', 6)
        s.exit(sync, 'DMA_BUF_IOCTL_SYNC', { fd: 10 }, 6)
      }
      if (!bad) back()
      s.call('VIDIOC_QBUF', { fd: 3 }, 7, () => s.queue(7))
      if (bad) back()
      s.dequeue()
    }),
    others: ['bracket-over-dma'],
  },
  {
    rule: 'bracket-not-awaited',
    what: 'ends before END is back',
    line: 6,
    ...bare((s, bad) => {
      s.buffer()
      s.attach('camera')
      s.start('read', 4)
      const sync = s.enter('DMA_BUF_IOCTL_SYNC', { fd: 10 }, 6)
      s.end('read', 6)
      if (!bad) s.exit(sync, 'DMA_BUF_IOCTL_SYNC', { fd: 10 }, 6)
      s.close(10, 1)
      s.release()
      s.done()
    }),
  },
  {
    rule: 'bracket-over-dma',
    what: 'is held open across QBUF',
    line: 4,
    ...both((s, bad) => {
      s.start('read', 4)
      if (!bad) s.end('read', 5)
      s.frame()
      if (bad) s.end('read', 5)
    }),
  },
  {
    rule: 'bracket-over-dma',
    what: 'begins for writing while the display reads',
    line: 4,
    ...both((s, bad) => {
      s.jobStart(2, 'display', 'read', 2)
      const access = bad ? 'write' : 'read'
      s.start(access, 4)
      s.end(access, 5)
      s.jobEnd(2, 'display', 'read')
    }),
  },
  {
    rule: 'bracket-over-dma',
    what: 'begins for reading while the camera has the buffer',
    line: 4,
    ...both((s, bad) => {
      s.queue()
      if (!bad) s.dequeue()
      s.start('read', 4)
      s.end('read', 5)
      if (bad) s.dequeue()
    }),
  },
  {
    rule: 'bracket-over-dma',
    what: 'is open for writing when the display reads, and the store is missed',
    line: 4,
    data: true,
    ...both((s, bad) => {
      s.start('write', 4)
      const stored = s.store(5)
      if (!bad) s.end('write', 6)
      s.show(bad ? [hazard('memory-behind', stored)] : [])
      if (bad) s.end('write', 6)
    }),
  },
  {
    rule: 'dirty-over-dma',
    what: 'the zeros of a fresh buffer come over the frame',
    line: 5,
    data: true,
    ...bare((s, bad) => {
      s.buffer()
      s.attach('camera', { skip: bad })
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
    rule: 'partial-write-over-stale',
    what: 'stores half a line in an access for writing only',
    line: 5,
    data: true,
    ...both((s, bad) => {
      const stored = s.frame()
      const access = bad ? 'write' : 'read-write'
      s.start(access, 4)
      s.store(5, { start: 0, end: 32 })
      s.end(access, 6)
      s.show(bad ? [hazard('lost', stored, { start: 32, end: 64 })] : [])
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
  {
    rule: 'fd-misuse',
    what: 'closes twice',
    line: 6,
    ...bare((s, bad) => {
      s.buffer()
      s.call('close', { fd: 10 }, 5, () => s.close(10, 1, 5))
      if (bad) s.call('close', { fd: 10, result: -9 }, 6)
    }),
  },
  {
    rule: 'fd-misuse',
    what: 'EBADF on a descriptor that is open was planned by somebody',
    line: 6,
    ...bare((s, bad) => {
      s.buffer()
      if (bad) s.call('close', { fd: 10 }, 5, () => s.close(10, 1, 5))
      s.call('DMA_BUF_IOCTL_SYNC', { fd: 10, result: -9 }, 6)
    }),
  },
  {
    rule: 'fd-misuse',
    what: 'imports a descriptor that it has closed',
    line: 6,
    ...bare((s, bad) => {
      s.open(4)
      s.buffer()
      if (bad) s.call('close', { fd: 10 }, 5, () => s.close(10, 1, 5))
      s.call('DRM_IOCTL_PRIME_FD_TO_HANDLE', { fd: 4, result: bad ? -9 : 0 }, 6)
    }),
  },
  {
    rule: 'fd-leak',
    what: 'leaves a descriptor open',
    line: 3,
    ...bare((s, bad) => {
      s.open(4, undefined, 3)
      if (!bad) s.close(4)
      s.done()
    }),
  },
  {
    rule: 'fd-leak',
    what: 'has no time to close what it opened',
    ...bare((s, bad) => {
      s.open(4)
      s.done(bad ? 'returned' : 'stopped')
    }),
  },
  {
    rule: 'map-leak',
    what: 'leaves a mapping',
    line: 3,
    ...bare((s, bad) => {
      s.buffer()
      s.map(3)
      if (!bad) s.unmap()
      s.close(10, 1)
      if (!bad) s.release()
      s.done()
    }),
  },
  {
    rule: 'use-after-release',
    what: 'uses an array after its access has ended',
    line: 6,
    ...bare((s, bad) => {
      s.buffer()
      s.start('read', 5)
      s.end('read', 6)
      s.done(
        'threw',
        bad
          ? 'Cannot perform %TypedArray%.prototype.fill on a detached ArrayBuffer'
          : 'x is not a function',
      )
    }),
  },
  {
    rule: 'use-after-release',
    what: 'loads from a mapping that is gone',
    line: 6,
    ...bare((s, bad) => {
      s.buffer()
      s.call('mmap', { fd: 10, length: 4096, result: 0x10000 }, 4)
      if (bad) s.call('munmap', { address: 0x10000, length: 4096 }, 5)
      s.call('load', { address: 0x10010, length: 4, result: bad ? -14 : 0 }, 6)
    }),
  },
  {
    rule: 'use-after-release',
    what: 'a device goes on through an attachment that was unmapped',
    ...both((s, bad) => {
      if (bad) s.detach('camera')
      s.jobStart(1, 'camera', 'write')
      s.jobEnd(1, 'camera', 'write')
      if (!bad) s.detach('camera')
    }),
  },
  {
    rule: 'handle-alias',
    what: 'closes one handle for two imports',
    line: 8,
    ...bare((s, bad) => {
      s.open(4)
      s.buffer()
      s.handle('handle-open', 5)
      s.handle('handle-open', 6, { fresh: false })
      s.handle('handle-close', 7)
      if (bad) s.handle('handle-close', 8, { result: -22 })
    }),
  },
  {
    rule: 'handle-alias',
    what: 'closes a handle that another import needs',
    line: 7,
    ...bare((s, bad) => {
      s.open(4)
      s.buffer()
      s.handle('handle-open', 5)
      s.handle('handle-open', 6, { fresh: false })
      if (bad) s.handle('handle-close', 7)
      s.call('DRM_IOCTL_MODE_ADDFB2', { fd: 4, result: bad ? -2 : 0 }, 8)
    }),
  },
  {
    rule: 'handle-alias',
    what: 'never closes an import',
    line: 5,
    ...bare((s, bad) => {
      s.open(4)
      s.buffer()
      s.handle('handle-open', 5)
      if (!bad) s.handle('handle-close', 6)
      s.close(10, 1)
      if (!bad) s.close(4)
      s.release()
      s.done()
    }),
    others: ['fd-leak'],
  },
  {
    rule: 'out-of-range',
    what: 'maps more than there is',
    line: 4,
    ...bare((s, bad) => {
      s.buffer()
      s.call('mmap', { fd: 10, length: bad ? 8192 : 4096, offset: 0, result: -22 }, 4)
    }),
  },
  {
    rule: 'out-of-range',
    what: 'loads past the end of a mapping',
    line: 5,
    ...bare((s, bad) => {
      s.buffer()
      s.call('mmap', { fd: 10, length: 4096, result: 0x10000 }, 4)
      // Inside, EFAULT is about protection.
      s.call('store', { address: 0x10000 + 4090, length: bad ? 8 : 6, result: -14 }, 5)
    }),
  },
  {
    rule: 'out-of-range',
    what: 'declares a framebuffer larger than the buffer',
    line: 5,
    ...bare((s, bad) => {
      s.open(4)
      s.buffer()
      const length = bad ? 4097 : 4096
      s.call('DRM_IOCTL_MODE_ADDFB2', { fd: 4, buffer: 1, offset: 0, length, result: -22 }, 5)
    }),
  },
]
