import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { DmaHeap, DrmDevice, VideoDevice } from 'dmabuf'
import type { LinuxKernel } from 'dmabuf/linux'
import { errno } from '../../../src/abi/errno.ts'
import { O_CLOEXEC, O_RDWR, POLLIN } from '../../../src/abi/fcntl.ts'
import * as v4l2 from '../../../src/abi/v4l2.ts'
import {
  v4l2Buffer,
  v4l2Exportbuffer,
  v4l2Requestbuffers,
  v4l2Type,
} from '../../../src/abi/v4l2-struct.ts'
import { plainArg } from '../../../src/syscalls/ioctl-arg.ts'
import { openFds, withKernel } from './fixtures.ts'

const type = v4l2.V4L2_BUF_TYPE_VIDEO_CAPTURE
const memory = v4l2.V4L2_MEMORY_MMAP

/** The camera of vivid, whose numbers are not fixed. */
function cameraPath(): string {
  const nodes = '/sys/class/video4linux'
  const node = readdirSync(nodes).find((name) =>
    readFileSync(`${nodes}/${name}/name`, 'utf8').includes('vid-cap'),
  )
  return `/dev/${node}`
}

/** A camera's file as it is opened without O_NONBLOCK, and its raw requests. */
class RawCamera {
  readonly #kernel: LinuxKernel
  readonly fd: number

  constructor(kernel: LinuxKernel) {
    this.#kernel = kernel
    this.fd = kernel.sys.open(cameraPath(), O_RDWR | O_CLOEXEC)
    assert.ok(this.fd >= 0)
  }

  async #call(request: number, bytes: Uint8Array): Promise<number> {
    return await this.#kernel.sys.ioctl(this.fd, request, plainArg(bytes))
  }

  async request(count: number): Promise<number> {
    return await this.#call(v4l2.VIDIOC_REQBUFS, v4l2Requestbuffers.create({ count, type, memory }))
  }

  async queue(index: number): Promise<number> {
    return await this.#call(v4l2.VIDIOC_QBUF, v4l2Buffer.create({ index, type, memory }))
  }

  async on(): Promise<number> {
    return await this.#call(v4l2.VIDIOC_STREAMON, v4l2Type.create({ type }))
  }

  async off(): Promise<number> {
    return await this.#call(v4l2.VIDIOC_STREAMOFF, v4l2Type.create({ type }))
  }

  async export(): Promise<number> {
    return await this.#call(v4l2.VIDIOC_EXPBUF, v4l2Exportbuffer.create({ type, index: 0 }))
  }

  dequeue(signal?: AbortSignal): Promise<number> {
    const bytes = v4l2Buffer.create({ type, memory })
    const options = signal === undefined ? {} : { signal }
    return this.#kernel.sys.ioctl(this.fd, v4l2.VIDIOC_DQBUF, plainArg(bytes), options)
  }

  close(): void {
    this.#kernel.sys.close(this.fd)
  }
}

async function withCamera(
  body: (camera: RawCamera, kernel: LinuxKernel) => Promise<void>,
): Promise<void> {
  await withKernel(async (kernel) => {
    const camera = new RawCamera(kernel)
    try {
      await body(camera, kernel)
    } finally {
      camera.close()
    }
  })
}

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  void promise.finally(() => {
    settled = true
  })
  await new Promise((resolve) => setTimeout(resolve, 200))
  return settled
}

describe('DQBUF of a camera without O_NONBLOCK', () => {
  it('with nothing queued leaves the event loop alone, and is aborted', () =>
    withCamera(async (camera) => {
      await camera.request(2)
      assert.equal(await camera.on(), 0)
      const before = openFds()
      const controller = new AbortController()
      const waiting = camera.dequeue(controller.signal)
      assert.equal(await isSettled(waiting), false)
      assert.equal(await camera.dequeue(), -errno.EBUSY)
      controller.abort()
      assert.equal(await waiting, -errno.EINTR)
      assert.equal(openFds(), before)
    }))

  it('is over when a buffer is queued meanwhile, and when the stream is stopped', () =>
    withCamera(async (camera) => {
      await camera.request(2)
      await camera.on()
      const waiting = camera.dequeue()
      assert.equal(await isSettled(waiting), false)
      await camera.queue(0)
      assert.equal(await waiting, 0)
      const again = camera.dequeue()
      assert.equal(await isSettled(again), false)
      assert.equal(await camera.off(), 0)
      assert.equal(await again, -errno.EINVAL)
    }))

  it('before any buffer is refused, and starts no emulation of read()', () =>
    withCamera(async (camera) => {
      assert.equal(await camera.dequeue(), -errno.EINVAL)
      assert.equal(await camera.request(2), 0)
      assert.equal(await camera.queue(0), 0)
      assert.equal(await camera.on(), 0)
      assert.equal(await camera.dequeue(), 0)
      const waiting = camera.dequeue()
      assert.equal(await isSettled(waiting), false)
      await camera.off()
      assert.equal(await camera.request(0), 0)
      assert.equal(await waiting, -errno.EINVAL)
      // EBUSY once read() is emulated.
      assert.equal(await camera.request(2), 0)
      assert.equal(await camera.export(), 0)
    }))

  it('acts on the camera it was made on, though its number belongs to another file', () =>
    withCamera(async (camera, { sys }) => {
      await camera.request(2)
      await camera.on()
      const copy = sys.dup(camera.fd)
      const waiting = sys.ioctl(
        copy,
        v4l2.VIDIOC_DQBUF,
        plainArg(v4l2Buffer.create({ type, memory })),
      )
      assert.equal(await isSettled(waiting), false)
      sys.close(copy)
      assert.equal(sys.memfdCreate('stranger', 0), copy)
      await camera.queue(0)
      assert.equal(await waiting, 0)
      sys.close(copy)
    }))
})

describe('a camera by its class', () => {
  it('sets each of its formats by the name that it lists it with', () =>
    withKernel(async (kernel) => {
      await using camera = await VideoDevice.open(kernel, cameraPath())
      const formats = await camera.formats()
      assert.equal(new Set(formats.map(({ format }) => format)).size, formats.length)
      assert.ok(formats.some(({ format }) => format.endsWith('-BE')))
      for (const { format } of formats) {
        const given = await camera.setFormat({ width: 320, height: 180, format })
        assert.equal(given.format, format)
      }
    }))

  it('can be opened again at once, when it was closed while it was being stopped', () =>
    withKernel(async (kernel) => {
      for (let round = 0; round < 3; round++) {
        const camera = await VideoDevice.open(kernel, cameraPath())
        const { sizeImage } = await camera.setFormat({ width: 320, height: 180, format: 'XR24' })
        using heap = DmaHeap.open(kernel)
        await camera.start(await heap.allocateBuffers(2, sizeImage))
        const stopping = camera.stop()
        await camera.close()
        await stopping
      }
    }))

  it('whose stream has ended ends its frames, and can start another one', () =>
    withKernel(async (kernel) => {
      await using camera = await VideoDevice.open(kernel, cameraPath())
      const { sizeImage } = await camera.setFormat({ width: 320, height: 180, format: 'XR24' })
      using heap = DmaHeap.open(kernel)
      for (let round = 0; round < 2; round++) {
        await camera.start(await heap.allocateBuffers(2, sizeImage))
        const frames = camera.frames()
        const { value } = await frames.next()
        await value?.close()
        await camera.stop()
        assert.equal((await frames.next()).done, true)
      }
    }))

  it('that streams for another open file says so', () =>
    withKernel(async (kernel) => {
      await using camera = await VideoDevice.open(kernel, cameraPath())
      await camera.startMmap(2)
      await using other = await VideoDevice.open(kernel, cameraPath())
      await assert.rejects(other.setFormat({ width: 640, height: 360, format: 'XR24' }), {
        code: 'EBUSY',
        message: /another VideoDevice/,
      })
    }))
})

describe('a display', () => {
  it('is found by what it can do, whatever its number', () =>
    withKernel(async (kernel) => {
      await using display = await DrmDevice.open(kernel)
      assert.ok((await display.outputs()).length > 0)
    }))

  it('that is none is named with what it lacks', () =>
    withKernel(async (kernel) => {
      await assert.rejects(DrmDevice.open(kernel, '/dev/null'), { code: 'ENOTTY' })
    }))

  it('shows what a camera captures into a heap buffer', () =>
    withKernel(async (kernel) => {
      await using camera = await VideoDevice.open(kernel, cameraPath())
      await using display = await DrmDevice.open(kernel)
      using heap = DmaHeap.open(kernel)
      const format = await camera.setFormat({ width: 640, height: 360, format: 'XR24' })
      await camera.start(await heap.allocateBuffers(3, format.sizeImage))
      let shown = 0
      for await (const frame of camera.frames({ count: 4 })) {
        await frame.buffer.withCpuAccess('read-write', (bytes) => bytes.fill(1, 0, 100))
        await display.show(frame)
        await frame.close()
        shown++
      }
      assert.equal(shown, 4)
    }))
})

it('poll of a camera that streams is for a frame', () =>
  withCamera(async (camera, kernel) => {
    await camera.request(2)
    await camera.queue(0)
    await camera.on()
    const entry = { fd: camera.fd, events: POLLIN, revents: 0 }
    assert.equal(await kernel.sys.poll([entry], -1), 1)
    assert.equal(entry.revents & POLLIN, POLLIN)
  }))
