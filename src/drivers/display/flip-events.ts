import { DRM_EVENT_FLIP_COMPLETE, drmEventVblank } from '../../abi/drm-event.ts'
import { toTimeval } from '../../base/time.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import { WaitQueue } from '../../machine/wait-queue.ts'

/** Bytes of events that an open file may have waiting or unread (drm_file_alloc). */
const SPACE = 4096

/** The data of a flip's event. */
export interface FlipDone {
  /** The eight bytes that PAGE_FLIP was given. */
  readonly userData: Uint8Array
  /** Virtual nanoseconds. */
  readonly time: number
  readonly sequence: number
  readonly crtc: number
}

/** The events of one open file. Source: drivers/gpu/drm/drm_file.c of Linux 6.12. */
export class FlipEvents {
  readonly arrived: WaitQueue = new WaitQueue()
  readonly #unread: Uint8Array[] = []
  #space = SPACE
  #closed = false

  get isReady(): boolean {
    return this.#unread.length > 0
  }

  /** Keeps room for one event. ENOMEM while 128 are unread or on their way. */
  reserve(): void {
    if (this.#space < drmEventVblank.size) {
      throw new KernelError('ENOMEM', `${SPACE} bytes of events are unread: read them first`)
    }
    this.#space -= drmEventVblank.size
  }

  /** Gives the room for one event back. */
  cancel(): void {
    this.#space += drmEventVblank.size
  }

  /** Queues an event for which room was kept; nothing happens on a closed file. */
  deliver({ userData, time, sequence, crtc }: FlipDone): void {
    if (this.#closed) return
    const { seconds, microseconds } = toTimeval(time)
    const bytes = drmEventVblank.create({
      type: DRM_EVENT_FLIP_COMPLETE,
      length: drmEventVblank.size,
      tv_sec: seconds,
      tv_usec: microseconds,
      sequence: sequence % 2 ** 32,
      crtc_id: crtc,
    })
    bytes.set(userData, drmEventVblank.offsets.user_data)
    this.#unread.push(bytes)
    this.arrived.wakeAll()
  }

  /**
   * Whole events, as many as fit; returns the bytes written, 0 where the first does not fit. EAGAIN
   * where there is none. Source: drm_read, whose answer to a short target is 0 and no error.
   */
  read(target: Uint8Array): number {
    if (!this.isReady) throw new KernelError('EAGAIN', 'no event is there to read')
    let length = 0
    for (let next = this.#unread[0]; next !== undefined; next = this.#unread[0]) {
      if (length + next.length > target.length) break
      target.set(next, length)
      length += next.length
      this.#unread.shift()
      this.cancel()
    }
    return length
  }

  close(): void {
    this.#closed = true
    this.#unread.length = 0
    this.arrived.wakeAll()
  }
}
