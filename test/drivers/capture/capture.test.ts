import { describe, expect, it } from 'vitest'
import { V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC } from '../../../src/abi/v4l2.ts'
import { pixelFormats } from '../../../src/media/pixel-format.ts'
import { readFrame, y4mSource } from '../../../src/media/source.ts'
import { encodeY4m, parseY4m } from '../../../src/media/y4m.ts'
import { DMABUF, FRAME, INTERVAL, Rig, SIZE } from './rig.ts'

const clip = parseY4m(
  encodeY4m(
    SIZE,
    [1, 2, 3].map((value) => new Uint8Array(FRAME).map((_, at) => (at * value) & 0xff)),
  ),
)

describe('frames', () => {
  for (const format of [pixelFormats.YU12, pixelFormats.XR24]) {
    it(`arrive in memory as ${format.name}, in order, a clip again and again`, async () => {
      const rig = new Rig({ source: y4mSource(clip) })
      await rig.setFormat(format.fourcc)
      const size = format.sizeImage(SIZE.width, SIZE.height)
      const fds = await rig.streaming(2, size)
      for (let sequence = 0; sequence < 7; sequence++) {
        const filled = await rig.dequeue()
        expect(filled).toMatchObject({ sequence, bytesused: size, index: sequence % 2 })
        const expected = new Uint8Array(size)
        readFrame(rig.source, sequence, format, expected, format.bytesPerLine(SIZE.width))
        const fd = fds[filled.index] as number
        expect(filled.m_fd).toBe(fd)
        expect(rig.memoryOf(fd, size)).toEqual(expected)
        expect(await rig.queueFd(filled.index, fd)).toBe('ok')
      }
    })
  }

  it('carry the time at which their last byte was written', async () => {
    const rig = new Rig({ board: { cost: { ...new Rig().machine.board.cost, dmaByte: 2 } } })
    await rig.streaming(2)
    for (const frame of [1, 2]) {
      const filled = await rig.dequeue()
      const time = frame * INTERVAL + 2 * FRAME
      expect(rig.machine.scheduler.now).toBe(time)
      expect(filled.timestamp_sec).toBe(0)
      expect(filled.timestamp_usec).toBe(Math.floor(time / 1000))
      expect(filled.flags).toBe(V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC)
    }
  })

  it('are lost and counted while no buffer waits', async () => {
    const rig = new Rig()
    const [fd = 0] = await rig.streaming(1)
    await rig.sleep(4.5 * INTERVAL)
    expect((await rig.dequeue()).sequence).toBe(0)
    await rig.queueFd(0, fd)
    expect((await rig.dequeue()).sequence).toBe(4)
  })

  it('are lost while the engine is still at work on an earlier one', async () => {
    const { cost } = new Rig().machine.board
    const rig = new Rig({ board: { cost: { ...cost, dmaByte: (1.5 * INTERVAL) / FRAME } } })
    await rig.streaming(3)
    const sequences = [await rig.dequeue(), await rig.dequeue(), await rig.dequeue()]
    expect(sequences.map(({ sequence }) => sequence)).toEqual([0, 2, 4])
  })

  it('fill only what they take of a larger buffer', async () => {
    const rig = new Rig()
    const [fd = 0] = await rig.streaming(1, 4 * 4096)
    await rig.dequeue()
    const job = rig.events.find((event) => event.kind === 'job-start')
    expect(job).toMatchObject({ access: 'write', range: { start: 0, end: FRAME } })
    expect(
      rig
        .memoryOf(fd, 4 * 4096)
        .subarray(FRAME)
        .every((byte) => byte === 0),
    ).toBe(true)
  })

  it('count from 0 again after STREAMOFF and STREAMON', async () => {
    const rig = new Rig()
    const [fd = 0] = await rig.streaming(1)
    await rig.sleep(3.5 * INTERVAL)
    await rig.streamOff()
    await rig.queueFd(0, fd)
    await rig.streamOn()
    expect((await rig.dequeue()).sequence).toBe(0)
  })
})

describe('an imported buffer', () => {
  it('is mapped once, and no cache is touched after that', async () => {
    const rig = new Rig()
    const [fd = 0] = await rig.streaming(1)
    expect(rig.kinds('attach', 'dma-map', 'maintenance')).toHaveLength(3)
    for (let round = 0; round < 3; round++) {
      await rig.dequeue()
      await rig.queueFd(0, fd)
    }
    await rig.streamOff()
    expect(rig.kinds('attach', 'detach', 'dma-map', 'dma-unmap', 'maintenance')).toHaveLength(3)
    expect(rig.events.find(({ kind }) => kind === 'dma-map')).toMatchObject({
      device: 'camera',
      direction: 'from-device',
      skipCpuSync: false,
    })
  })

  it('is let go when another takes its place, and not for another descriptor of itself', async () => {
    const rig = new Rig()
    const [first = 0] = await rig.streaming(1)
    const again = rig.fdOf(rig.core.get(rig.bufferOf(first)))
    await rig.dequeue()
    expect(await rig.queueFd(0, again)).toBe('ok')
    expect(rig.kinds('attach', 'detach')).toEqual(['attach'])
    expect((await rig.dequeue()).m_fd).toBe(again)
    expect(await rig.queueFd(0, rig.heapFd())).toBe('ok')
    expect(rig.kinds('attach', 'detach')).toEqual(['attach', 'detach', 'attach'])
    expect([...rig.bufferOf(first).attachments]).toEqual([])
  })

  it('lives as long as the camera has it, whatever the program closes', async () => {
    const rig = new Rig()
    await rig.streaming(1)
    rig.files.closeAll()
    expect(rig.core.buffers).toHaveLength(1)
    await rig.dequeue()
    await rig.streamOff()
    expect(await rig.request(0, DMABUF)).toBe('ok')
    expect(rig.core.buffers).toEqual([])
  })
})

describe('events', () => {
  it('tell whose buffer it is: the camera between QBUF and DQBUF', async () => {
    const rig = new Rig()
    const [fd = 0] = await rig.streaming(1)
    await rig.dequeue()
    const told = rig.events.filter(({ kind }) => /queue$|^job|^device/.test(kind))
    expect(told.map(({ kind, agent }) => [kind, agent.kind, agent.name])).toEqual([
      ['queue', 'task', 'main'],
      ['job-start', 'device', 'camera'],
      ['device-store', 'device', 'camera'],
      ['job-end', 'device', 'camera'],
      ['dequeue', 'task', 'main'],
    ])
    expect(told[0]).toMatchObject({ device: 'camera', index: 0, buffer: rig.bufferOf(fd).inode })
    expect(told[0]?.origin).toBeUndefined()
  })

  it('tell of every buffer that STREAMOFF gives back, in the middle of a frame too', async () => {
    const { cost } = new Rig().machine.board
    const rig = new Rig({ board: { cost: { ...cost, dmaByte: (0.5 * INTERVAL) / FRAME } } })
    const fds = await rig.streaming(3)
    await rig.sleep(2.25 * INTERVAL)
    await rig.streamOff()
    expect(rig.kinds('job-start', 'device-store', 'job-end', 'dequeue')).toEqual([
      ...['job-start', 'device-store', 'job-end'],
      ...['job-start', 'job-end', 'dequeue', 'dequeue', 'dequeue'],
    ])
    expect(rig.memoryOf(fds[1] as number, FRAME).every((byte) => byte === 0)).toBe(true)
    for (const [index, fd] of fds.entries()) expect(await rig.queueFd(index, fd)).toBe('ok')
  })

  it('do not tell of a buffer that QBUF refused', async () => {
    const rig = new Rig()
    await rig.request(1, DMABUF)
    expect(await rig.queueFd(0, 999)).toBe('EINVAL')
    expect(rig.kinds('queue', 'dequeue')).toEqual([])
  })
})
