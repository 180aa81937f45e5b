/** START and END: where they are missing, come twice, or say the wrong thing. */
import { hazard } from '../story.ts'
import { bare, both, type Case } from './case.ts'

export const brackets: readonly Case[] = [
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
    what: 'takes an array with old bytes, and begins no access while it lives',
    line: 5,
    data: true,
    ...both((s, bad) => {
      const stored = s.frame()
      s.view(5, 'mapping', [hazard('stale-line', stored)])
      if (!bad) s.start('read', 6)
      if (!bad) s.end('read', 7)
    }),
  },
  {
    rule: 'early-invalidate',
    what: 'keeps an array over a START that comes too early for it',
    line: 6,
    data: true,
    ...both((s, bad) => {
      s.view(5)
      s.queue()
      s.jobStart(1, 'camera', 'write')
      if (bad) s.start('read', 6)
      const stored = s.deviceStore(1)
      s.jobEnd(1, 'camera', 'write')
      s.dequeue()
      if (!bad) s.start('read', 6)
      if (bad) s.view(6, 'mapping', [hazard('stale-line', stored)])
      s.end('read', 7)
    }),
    others: ['bracket-over-dma'],
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
    rule: 'unbalanced-bracket',
    what: 'START without END of a buffer that no device has seen',
    line: 4,
    ...bare((s, bad) => {
      s.buffer()
      s.start('write', 4, { synced: [] })
      if (!bad) s.end('write', 5, { synced: [] })
      s.close(10, 1)
      s.release()
    }),
  },
  {
    rule: 'bracket-over-dma',
    what: 'is held open while the buffer is given to the display',
    line: 4,
    ...both((s, bad) => {
      s.start('write', 4)
      if (!bad) s.end('write', 5)
      s.picture('scanout-take', 6)
      if (bad) s.end('write', 7)
      s.picture('scanout-release')
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
    rule: 'bracket-not-awaited',
    what: 'shows the buffer before its access is awaited, however short it is',
    line: 4,
    ...both((s, bad) => {
      const access = s.operation('DmaBuf.withCpuAccess', 4)
      if (!bad) access.awaited()
      s.start('write', 4)
      s.end('write', 4)
      access.end()
      const show = s.operation('DrmDevice.show', 5, { by: 'device', access: 'read' })
      if (bad) access.awaited()
      show.awaited()
      s.show()
      show.end()
    }),
  },
  {
    rule: 'bracket-not-awaited',
    what: 'awaits the access inside a function that is not awaited',
    line: 4,
    ...both((s, bad) => {
      const access = s.operation('DmaBuf.withCpuAccess', 4)
      access.awaited()
      if (!bad) access.end()
      const show = s.operation('DrmDevice.show', 5, { by: 'device', access: 'read' })
      show.awaited()
      show.end()
      if (bad) access.end()
    }),
  },
  {
    rule: 'bracket-not-awaited',
    what: 'never awaits an access that is long over',
    line: 4,
    ...both((s, bad) => {
      const access = s.operation('DmaBuf.withCpuAccess', 4)
      s.start('write', 4)
      s.end('write', 4)
      access.end()
      if (!bad) access.awaited()
    }),
  },
  {
    rule: 'call-not-awaited',
    what: 'writes the next picture before show() is awaited',
    line: 4,
    ...both((s, bad) => {
      const show = s.operation('DrmDevice.show', 4, { by: 'device', access: 'read' })
      if (!bad) show.awaited()
      s.show()
      show.end()
      const access = s.operation('DmaBuf.withCpuAccess', 5, { access: bad ? 'write' : 'read' })
      access.awaited()
      access.end()
      if (bad) show.awaited()
    }),
  },
  {
    rule: 'call-not-awaited',
    what: 'never awaits what gives the buffer away',
    line: 4,
    ...both((s, bad) => {
      const show = s.operation('DrmDevice.show', 4, { by: 'device', access: 'read' })
      if (!bad) show.awaited()
      show.end()
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
]
