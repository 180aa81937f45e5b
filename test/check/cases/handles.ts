/** Descriptors, mappings and handles of a program. */
import { bare, both, type Case } from './case.ts'

export const handles: readonly Case[] = [
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
    what: 'is told of a descriptor, unless the call that made it fails afterwards',
    line: 3,
    ...bare((s, bad) => {
      s.open(4, undefined, 2)
      s.call('ioctl', { fd: 4, result: bad ? 5 : -14 }, 3, () => s.open(5, undefined, 3))
      s.close(4)
      s.done()
    }),
  },
  {
    rule: 'fd-leak',
    what: 'takes a frame and does not give it back: at the line that took it',
    line: 6,
    ...bare((s, bad) => {
      s.buffer()
      s.queue()
      s.call('VIDIOC_DQBUF', { fd: 4 }, 6, () => s.dequeue('camera', 6))
      if (!bad) s.close(10, 1)
      if (!bad) s.release()
      s.done()
    }),
  },
  {
    rule: 'fd-leak',
    what: 'leaves a device open, and nothing is said of its handles and of the buffers in its queue',
    line: 3,
    ...bare((s, bad) => {
      s.open(4, undefined, 3)
      s.buffer()
      s.handle('handle-open', 5)
      s.map(5)
      s.start('read', 5)
      s.view(5, 'bracket')
      s.end('read', 5)
      s.queue()
      if (!bad) {
        s.dequeue()
        s.handle('handle-close', 6)
        s.close(4)
        s.unmap()
        s.close(10, 1)
        s.release()
      }
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
    rule: 'sync-result-ignored',
    what: 'takes a memfd for a dma-buf, and goes on when SYNC says that it is none',
    line: 5,
    ...bare((s, bad) => {
      s.open(4, undefined, 3)
      s.call('mmap', { fd: 4, length: 4096, result: 0x10000 }, 4)
      if (bad) s.call('DMA_BUF_IOCTL_SYNC', { fd: 4, result: -25 }, 5)
      s.call('load', { address: 0x10010, length: 4, result: 0 }, 6)
    }),
  },
  {
    rule: 'sync-result-ignored',
    what: 'ends the access that was refused; to find out what a descriptor is, SYNC may be sent',
    line: 5,
    ...bare((s, bad) => {
      s.open(4, undefined, 3)
      s.call('DMA_BUF_IOCTL_SYNC', { fd: 4, result: -25 }, 5)
      if (bad) s.call('DMA_BUF_IOCTL_SYNC', { fd: 4, result: -25 }, 6)
      s.call('mmap', { fd: 4, length: 4096, result: 0x10000 }, 7)
      s.call('load', { address: 0x10010, length: 4, result: 0 }, 8)
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
        bad,
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
      s.close(4)
      s.release()
      s.done()
    }),
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
    what: 'maps from the middle of a page, within the buffer',
    line: 4,
    ...bare((s, bad) => {
      s.buffer()
      s.call('mmap', { fd: 10, length: 100, offset: bad ? 1000 : 0, result: -22 }, 4)
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
