import * as v4l2 from '../../abi/v4l2.ts'
import {
  v4l2Buffer,
  v4l2Exportbuffer,
  v4l2Requestbuffers,
  v4l2Type,
} from '../../abi/v4l2-struct.ts'
import type { KnownBuffer } from './buffers.ts'
import type { Files, OpenFile } from './files.ts'
import type { Request } from './request.ts'
import type { Tell } from './tell.ts'

/** One buffer of a queue. */
interface Slot {
  readonly type: number
  readonly index: number
  /** The dma-buf that EXPBUF made of the driver's own memory. */
  exported: KnownBuffer | undefined
  /** The dma-buf that the driver has at the moment. */
  queued: KnownBuffer | undefined
}

const CAPTURE = v4l2.V4L2_BUF_TYPE_VIDEO_CAPTURE
const OUTPUT = v4l2.V4L2_BUF_TYPE_VIDEO_OUTPUT

/**
 * Which dma-bufs the queues of video devices hold. A driver's own memory that was never exported is
 * governed by QBUF and DQBUF themselves, and several planes are not looked into: both go untold.
 */
export class Queues {
  readonly #files: Files
  readonly #tell: Tell
  /** By `type index`. */
  readonly #slots = new WeakMap<OpenFile, Map<string, Slot>>()

  constructor(files: Files, tell: Tell) {
    this.#files = files
    this.#tell = tell
  }

  /** Before QBUF: its descriptor may be gone afterwards. */
  queueing({ file, argument: { bytes } }: Request): () => void {
    const { index, type, memory, m_fd } = v4l2Buffer.decode(bytes)
    const slot = this.#slot(file, type, index)
    const buffer = memory === v4l2.V4L2_MEMORY_DMABUF ? this.#files.at(m_fd)?.buffer : slot.exported
    return () => {
      if (buffer === undefined || (type !== CAPTURE && type !== OUTPUT)) return
      slot.queued = buffer
      this.#tellOf('queue', file, slot, buffer)
    }
  }

  /** DQBUF: a capturing device has stored the used bytes. */
  dequeued({ file, argument: { bytes } }: Request): void {
    const { index, type, bytesused, flags } = v4l2Buffer.decode(bytes)
    const slot = this.#slot(file, type, index)
    const { queued } = slot
    const isFilled = type === CAPTURE && (flags & v4l2.V4L2_BUF_FLAG_ERROR) === 0
    if (queued !== undefined && isFilled) {
      this.#filled(file, queued, Math.min(bytesused, queued.size))
    }
    this.#giveBack(file, slot)
  }

  #filled({ what: device }: OpenFile, { id: buffer }: KnownBuffer, end: number): void {
    if (end === 0) return
    this.#tell({
      kind: 'device-store',
      agent: { kind: 'device', name: device },
      job: undefined,
      device,
      buffer,
      range: { start: 0, end },
      snooped: false,
      hazards: [],
    })
  }

  exported({ file, argument: { bytes } }: Request): void {
    const { type, index, plane, fd } = v4l2Exportbuffer.decode(bytes)
    const { buffer } = this.#files.openedDmaBuf(fd)
    if (plane === 0) this.#slot(file, type, index).exported = buffer
  }

  stopped({ file, argument: { bytes } }: Request): void {
    const { type } = v4l2Type.decode(bytes)
    this.#giveAllBack(file, (slot) => slot.type === type)
  }

  /** REQBUFS frees the earlier buffers. */
  requested({ file, argument: { bytes } }: Request): void {
    const { type } = v4l2Requestbuffers.decode(bytes)
    this.#giveAllBack(file, (slot) => slot.type === type)
    for (const [key, slot] of this.#slotsOf(file)) {
      if (slot.type === type) this.#slotsOf(file).delete(key)
    }
  }

  released(file: OpenFile): void {
    this.#giveAllBack(file, () => true)
  }

  #giveAllBack(file: OpenFile, test: (slot: Slot) => boolean): void {
    for (const slot of this.#slotsOf(file).values()) if (test(slot)) this.#giveBack(file, slot)
  }

  #giveBack(file: OpenFile, slot: Slot): void {
    const { queued } = slot
    slot.queued = undefined
    if (queued !== undefined) this.#tellOf('dequeue', file, slot, queued)
  }

  #slotsOf(file: OpenFile): Map<string, Slot> {
    const known = this.#slots.get(file) ?? new Map<string, Slot>()
    this.#slots.set(file, known)
    return known
  }

  #slot(file: OpenFile, type: number, index: number): Slot {
    const slots = this.#slotsOf(file)
    const key = `${type} ${index}`
    const known = slots.get(key)
    if (known !== undefined) return known
    const slot: Slot = { type, index, exported: undefined, queued: undefined }
    slots.set(key, slot)
    return slot
  }

  #tellOf(kind: 'queue' | 'dequeue', file: OpenFile, slot: Slot, buffer: KnownBuffer): void {
    const { index, type } = slot
    const access = type === OUTPUT ? 'read' : 'write'
    this.#tell({ kind, device: file.what, index, buffer: buffer.id, access })
  }
}
