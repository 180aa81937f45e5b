import { errno } from '../../src/abi/errno.ts'
import { fourcc } from '../../src/abi/fourcc.ts'
import * as video from '../../src/abi/v4l2-struct.ts'
import type { FakeBuffer, FakeFiles } from './fake-files.ts'

/** A camera that fills a queued buffer whenever it is asked, and offers XR24 alone. */
export class FakeVideo {
  readonly queue: number[] = []
  readonly slots = new Map<number, FakeBuffer>()
  own: FakeBuffer[] = []
  count = 0
  streaming = false
  sequence = 0
  capabilities = 0x4000001
  /** The answer of DQBUF once the queue is empty. */
  atEnd: number = -errno.EAGAIN
  readonly #files: FakeFiles
  #pix = { width: 64, height: 32, pixelformat: fourcc('XR24') }
  /** The pixel formats that it offers. */
  formats: readonly number[] = [fourcc('XR24')]
  onQueue: (buffer: FakeBuffer) => void = () => {}

  constructor(files: FakeFiles) {
    this.#files = files
  }

  get ready(): boolean {
    return this.streaming && (this.queue.length > 0 || this.atEnd !== -errno.EAGAIN)
  }

  ioctl(name: string, bytes: Uint8Array): number {
    switch (name) {
      case 'VIDIOC_QUERYCAP':
        return this.#capability(bytes)
      case 'VIDIOC_ENUM_FMT':
        return this.#format(bytes)
      case 'VIDIOC_S_FMT':
      case 'VIDIOC_G_FMT':
        return this.#setFormat(name, bytes)
      case 'VIDIOC_REQBUFS':
        return this.#request(bytes)
      case 'VIDIOC_EXPBUF':
        return this.#export(bytes)
      case 'VIDIOC_QBUF':
        return this.#queueBuffer(bytes)
      case 'VIDIOC_DQBUF':
        return this.#dequeue(bytes)
      case 'VIDIOC_STREAMON':
        this.streaming = true
        return 0
      case 'VIDIOC_STREAMOFF':
        this.streaming = false
        this.queue.length = 0
        return 0
      default:
        return -errno.ENOTTY
    }
  }

  #capability(bytes: Uint8Array): number {
    const fields = video.v4l2Capability.over(bytes)
    fields.driver = 'fake'
    fields.card = 'Fake camera'
    fields.capabilities = 0x80000000
    fields.device_caps = this.capabilities
    return 0
  }

  #format(bytes: Uint8Array): number {
    const fields = video.v4l2Fmtdesc.over(bytes)
    const pixelformat = this.formats[fields.index]
    if (pixelformat === undefined) return -errno.EINVAL
    fields.pixelformat = pixelformat
    fields.description = '32-bit BGRX'
    return 0
  }

  #setFormat(name: string, bytes: Uint8Array): number {
    const { pix } = video.v4l2Format.over(bytes)
    if (name === 'VIDIOC_S_FMT') {
      const { width, height } = pix
      const pixelformat = this.formats.find((format) => format === pix.pixelformat)
      this.#pix = { width, height, pixelformat: pixelformat ?? this.formats[0] ?? 0 }
    }
    pix.width = this.#pix.width
    pix.height = this.#pix.height
    pix.pixelformat = this.#pix.pixelformat
    pix.bytesperline = this.#pix.width * 4
    pix.sizeimage = pix.bytesperline * pix.height
    return 0
  }

  #request(bytes: Uint8Array): number {
    const fields = video.v4l2Requestbuffers.over(bytes)
    if (this.streaming) return -errno.EBUSY
    this.count = fields.count
    this.queue.length = 0
    this.slots.clear()
    this.own = Array.from({ length: fields.memory === 1 ? fields.count : 0 }, () =>
      this.#files.newBuffer(this.#pix.width * this.#pix.height * 4),
    )
    return 0
  }

  #export(bytes: Uint8Array): number {
    const fields = video.v4l2Exportbuffer.over(bytes)
    const buffer = this.own[fields.index]
    if (buffer === undefined) return -errno.EINVAL
    fields.fd = this.#files.install({ kind: 'dmabuf', buffer })
    return 0
  }

  #queueBuffer(bytes: Uint8Array): number {
    const { index, m_fd, memory } = video.v4l2Buffer.decode(bytes)
    const buffer = memory === 1 ? this.own[index] : this.#files.buffer(m_fd)
    if (index >= this.count || this.queue.includes(index)) return -errno.EINVAL
    if (buffer === undefined || buffer.memory.length < this.#pix.width * this.#pix.height * 4) {
      return -errno.EINVAL
    }
    this.onQueue(buffer)
    this.slots.set(index, buffer)
    this.queue.push(index)
    return 0
  }

  #dequeue(bytes: Uint8Array): number {
    if (!this.streaming) return -errno.EINVAL
    const index = this.queue.shift()
    if (index === undefined) return this.atEnd
    const fields = video.v4l2Buffer.over(bytes)
    fields.index = index
    fields.sequence = this.sequence++
    fields.bytesused = this.#pix.width * this.#pix.height * 4
    fields.timestamp_sec = 2
    fields.timestamp_usec = 5
    return 0
  }
}
