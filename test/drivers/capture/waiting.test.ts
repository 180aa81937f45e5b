import { describe, expect, it } from 'vitest'
import { O_NONBLOCK, POLLERR, POLLIN, POLLOUT, POLLRDNORM } from '../../../src/abi/fcntl.ts'
import { DMABUF, FRAME, INTERVAL, Rig } from './rig.ts'

describe('DQBUF', () => {
  it('waits for the frame', async () => {
    const rig = new Rig()
    await rig.streaming(1)
    expect(await rig.tryDequeue()).toBe('ok')
    expect(rig.machine.scheduler.now).toBe(INTERVAL + FRAME / 2)
  })

  it('does not wait on a file with O_NONBLOCK', async () => {
    const rig = new Rig()
    await rig.streaming(1)
    rig.file.flags |= O_NONBLOCK
    expect(await rig.tryDequeue()).toBe('EAGAIN')
    expect(rig.machine.scheduler.now).toBe(0)
    await rig.sleep(1.5 * INTERVAL)
    expect(await rig.tryDequeue()).toBe('ok')
  })

  it('ends with EINTR when the wait is aborted, and loses no frame', async () => {
    const rig = new Rig()
    await rig.streaming(1)
    const abort = new AbortController()
    rig.machine.scheduler.at(INTERVAL / 2, () => abort.abort())
    expect(await rig.tryDequeue({ signal: abort.signal })).toBe('EINTR')
    expect(rig.machine.scheduler.now).toBe(INTERVAL / 2)
    expect((await rig.dequeue()).sequence).toBe(0)
  })

  it('ends with EINTR at once when the signal is aborted already', async () => {
    const rig = new Rig()
    await rig.streaming(1)
    expect(await rig.tryDequeue({ signal: AbortSignal.abort() })).toBe('EINTR')
    expect(await rig.tryDequeue()).toBe('ok')
  })

  it('lets the other ioctls through while it waits, but no second DQBUF', async () => {
    const rig = new Rig()
    const { scheduler } = rig.machine
    await rig.request(2, DMABUF)
    await rig.streamOn()
    const waiting = scheduler.spawn('waiter', () => rig.dequeue())
    const other = scheduler.spawn('other', async () => {
      await rig.sleep(INTERVAL)
      expect(await rig.tryDequeue()).toBe('EBUSY')
      expect(await rig.query(0)).toMatchObject({ index: 0 })
      return rig.queueFd(1, rig.heapFd())
    })
    expect(await other).toBe('ok')
    expect(await waiting).toMatchObject({ index: 1, sequence: 1 })
  })

  it('ends with EINVAL when the stream stops or the file is closed', async () => {
    for (const stop of [(rig: Rig) => rig.streamOff(), (rig: Rig) => rig.file.release()]) {
      const rig = new Rig()
      await rig.streaming(1)
      const { scheduler } = rig.machine
      const waiting = scheduler.spawn('waiter', () => rig.tryDequeue())
      await scheduler.spawn('stopper', async () => {
        await rig.sleep(INTERVAL / 2)
        await stop(rig)
        expect(await rig.request(1, DMABUF)).toBe('EBUSY')
      })
      expect(await waiting).toBe('EINVAL')
      expect(await rig.request(1, DMABUF)).toBe('ok')
    }
  })
})

describe('poll', () => {
  it('tells when a frame is ready', async () => {
    const rig = new Rig()
    await rig.streaming(2)
    expect(rig.file.poll?.(POLLIN)).toBe(0)
    let woken = 0
    const stop = rig.file.onReady?.(() => woken++)
    await rig.sleep(1.5 * INTERVAL)
    expect(woken).toBe(1)
    expect(rig.file.poll?.(POLLIN | POLLOUT)).toBe(POLLIN | POLLRDNORM)
    expect(rig.file.poll?.(POLLRDNORM)).toBe(POLLIN | POLLRDNORM)
    expect(rig.file.poll?.(POLLOUT)).toBe(0)
    stop?.()
    await rig.dequeue()
    expect(rig.file.poll?.(POLLIN)).toBe(0)
    await rig.sleep(INTERVAL)
    expect(woken).toBe(1)
  })

  it('tells of an error when the queue does not stream, and when nothing was ever queued', async () => {
    const rig = new Rig()
    expect(rig.file.poll?.(POLLIN)).toBe(POLLERR)
    await rig.request(1, DMABUF)
    await rig.streamOn()
    expect(rig.file.poll?.(POLLIN)).toBe(POLLERR)
    const fd = rig.heapFd()
    await rig.queueFd(0, fd)
    expect(rig.file.poll?.(POLLIN)).toBe(0)
    await rig.streamOff()
    expect(rig.file.poll?.(POLLIN)).toBe(POLLERR)
  })

  it('wakes when the stream stops', async () => {
    const rig = new Rig()
    await rig.streaming(1)
    let woken = 0
    rig.file.onReady?.(() => woken++)
    await rig.streamOff()
    expect(woken).toBe(1)
  })
})
