import { beforeEach, describe, expect, test } from 'vitest'
import { errno } from '../../src/abi/errno.ts'
import type { DmaBuf } from '../../src/user/dma-buf.ts'
import { DmaHeap } from '../../src/user/dma-heap.ts'
import type { Frame } from '../../src/user/frame.ts'
import { VideoDevice } from '../../src/user/video-device.ts'
import { FakeKernel } from './fake-kernel.ts'

let kernel: FakeKernel
let camera: VideoDevice
beforeEach(async () => {
  kernel = new FakeKernel()
  camera = await VideoDevice.open(kernel)
})

async function buffers(count: number, size = 64 * 32 * 4): Promise<DmaBuf[]> {
  using heap = DmaHeap.open(kernel)
  return await heap.allocateBuffers(count, size)
}
async function oneFrame(): Promise<Frame> {
  const { value } = await camera.frames().next()
  return value as Frame
}

describe('opening', () => {
  test('tells what is there', async () => {
    expect(camera.capability).toMatchObject({ driver: 'fake', capabilities: 0x4000001 })
    expect(await camera.formats()).toEqual([{ format: 'XR24', description: '32-bit BGRX' }])
  })

  test('refuses what does not capture, and closes it', async () => {
    await camera[Symbol.asyncDispose]()
    kernel.video.capabilities = 0x4000002
    await expect(VideoDevice.open(kernel)).rejects.toMatchObject({
      code: 'ENODEV',
      path: '/dev/video0',
    })
    expect(kernel.leaks()).toEqual([])
  })
})

describe('the format', () => {
  test('is negotiated', async () => {
    const format = await camera.setFormat({ width: 128, height: 16, format: 'XR24' })
    expect(format).toEqual({
      width: 128,
      height: 16,
      format: 'XR24',
      stride: 512,
      bytesPerLine: 512,
      sizeImage: 8192,
      planes: [{ offset: 0, stride: 512 }],
    })
    expect(await camera.getFormat()).toEqual(format)
  })

  test('of big endian is another one, with a name of its own, and is set by that', async () => {
    // V4L2_PIX_FMT_Y16, V4L2_PIX_FMT_Y16_BE, and a code that is not a text.
    kernel.video.formats = [0x20363159, 0xa0363159, 0x00010203]
    const formats = (await camera.formats()).map(({ format }) => format)
    expect(formats).toEqual(['Y16 ', 'Y16 -BE', '0x00010203'])
    for (const format of formats) {
      expect((await camera.setFormat({ width: 64, height: 32, format })).format).toBe(format)
    }
  })

  test('that is fixed by a stream says whose stream that is', async () => {
    const wanted = { width: 64, height: 32, format: 'XR24' }
    kernel.fail('VIDIOC_S_FMT', 1, 'EBUSY')
    await expect(camera.setFormat(wanted)).rejects.toThrow(/EBUSY.*for another program/)
    await camera.start(await buffers(1))
    kernel.fail('VIDIOC_S_FMT', 1, 'EBUSY')
    await expect(camera.setFormat(wanted)).rejects.toThrow(/EBUSY.*stop\(\) it first/)
  })

  test('that the camera does not have names those it has', async () => {
    const wanted = { width: 64, height: 32, format: 'YU12' }
    await expect(camera.setFormat(wanted)).rejects.toThrow(/EINVAL.*'YU12'.*choose from XR24/)
  })
})

describe('a stream', () => {
  test('owns its buffers, also when it cannot start', async () => {
    const small = await buffers(2, 4096)
    await expect(camera.start(small)).rejects.toThrow(/EINVAL.*4096 bytes are less than sizeImage/)
    expect(small.every((buffer) => buffer.closed)).toBe(true)
    await camera.start(await buffers(2))
    const extra = await buffers(1)
    await expect(camera.start(extra)).rejects.toThrow(/EBUSY.*stop\(\) it first/)
    expect(extra[0]?.closed).toBe(true)
    await camera[Symbol.asyncDispose]()
    await camera[Symbol.asyncDispose]()
    expect(kernel.leaks()).toEqual([])
  })

  test('must run for frames', async () => {
    await expect(oneFrame()).rejects.toThrow(/EINVAL.*not streaming: start/)
  })

  test('ends its frames when the driver says so', async () => {
    await camera.start(await buffers(1))
    const first = await oneFrame()
    kernel.video.atEnd = -errno.EPIPE
    expect(await camera.frames().next()).toEqual({ done: true, value: undefined })
    expect([first.sequence, first.timestamp, first.bytesUsed]).toEqual([0, 2_000_005_000, 8192])
  })

  test('a wait is aborted with the reason of the signal', async () => {
    await camera.start(await buffers(1))
    await using _ = await oneFrame()
    const controller = new AbortController()
    const waiting = camera.frames({ signal: controller.signal }).next()
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(waiting).rejects.toBe(reason)
  })

  test('that is being stopped has stopped before the device is closed', async () => {
    await camera.start(await buffers(2))
    const stopping = camera.stop()
    await camera.close()
    expect(kernel.log.slice(-2)).toEqual(['VIDIOC_REQBUFS', 'close'])
    await stopping
    expect(kernel.leaks()).toEqual([])
  })

  test('that is being stopped has stopped before the next format is set', async () => {
    await camera.start(await buffers(2))
    const stopping = camera.stop()
    await camera.setFormat({ width: 64, height: 32, format: 'XR24' })
    expect(kernel.log.slice(-2)).toEqual(['VIDIOC_REQBUFS', 'VIDIOC_S_FMT'])
    await stopping
  })

  test('is asked for what is there before it is waited for, and not at all once it has stopped', async () => {
    await camera.start(await buffers(1))
    const frames = camera.frames()
    const { value: first } = await frames.next()
    expect(kernel.count('poll')).toBe(0)
    await camera.stop()
    expect(await frames.next()).toEqual({ done: true, value: undefined })
    expect(kernel.count('poll')).toBe(0)
    await (first as Frame).close()
  })

  test('is taken up again when a ready queue turns out empty', async () => {
    await camera.start(await buffers(1))
    kernel.fail('VIDIOC_DQBUF', 1, 'EAGAIN')
    expect((await oneFrame()).index).toBe(0)
    expect(kernel.count('poll')).toBe(1)
  })
})

describe('a frame', () => {
  beforeEach(async () => {
    await camera.start(await buffers(2))
  })

  test('is queued again when the last reference is gone, each counting once', async () => {
    const frame = await oneFrame()
    const other = frame.retain()
    await frame[Symbol.asyncDispose]()
    await frame[Symbol.asyncDispose]()
    expect(kernel.video.queue).toEqual([1])
    expect(() => frame.retain()).toThrow(/call retain\(\) while it is in use/)
    await other[Symbol.asyncDispose]()
    expect(kernel.video.queue).toEqual([1, 0])
  })

  test('keeps its buffer beyond the stream', async () => {
    const frame = await oneFrame()
    await camera[Symbol.asyncDispose]()
    expect(kernel.leaks()).toEqual([`fd ${frame.buffer.fd} dmabuf`])
    await frame[Symbol.asyncDispose]()
    expect(kernel.leaks()).toEqual([])
  })

  test('queued by hand is not queued by its disposal', async () => {
    const frame = await oneFrame()
    await camera.queue(frame.index)
    await frame[Symbol.asyncDispose]()
    expect(kernel.video.queue).toEqual([1, 0])
    await expect(camera.queue(0)).rejects.toThrow(/EINVAL.*buffer 0 is queued already/)
  })

  test('dequeued by hand stays with the caller', async () => {
    expect(await camera.dequeue()).toMatchObject({ index: 0, bytesUsed: 8192 })
    await camera.stop()
    await camera.stop()
    expect(kernel.files.fds.size).toBe(1)
  })
})
