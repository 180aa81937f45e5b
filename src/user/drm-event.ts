import { DRM_EVENT_FLIP_COMPLETE, DRM_EVENT_HEADER_SIZE, drmEventVblank } from '../abi/drm-event.ts'
import { errno } from '../abi/errno.ts'
import { POLLIN } from '../abi/fcntl.ts'
import { fromTimeval } from '../base/time.ts'
import { type Calls, succeed } from './calls.ts'
import type { HeldFd } from './held-fd.ts'

/** A completed flip or a vertical blank. */
export interface DisplayEvent {
  readonly kind: 'flip' | 'vblank'
  /** The number that `pageFlip` was given. */
  readonly userData: number
  /** Counts the vertical blanks. */
  readonly sequence: number
  /** When, in nanoseconds of the monotonic clock. */
  readonly timestamp: number
  readonly crtc: number
}

/** More than the largest event, so that one read gets several. */
const readSize = 1024

/** The events of an open DRM device, in order; further events of one read are kept. */
export class EventReader {
  readonly #fd: HeldFd
  readonly #waiting: DisplayEvent[] = []

  constructor(fd: HeldFd) {
    this.#fd = fd
  }

  /** May sleep, until there is an event. Rejects with the signal's reason. */
  async next(calls: Calls, signal: AbortSignal | undefined): Promise<DisplayEvent> {
    for (;;) {
      const event = this.#waiting.shift()
      if (event !== undefined) return event
      await calls.poll([{ fd: this.#fd.number, events: POLLIN, revents: 0 }], signal)
      this.#read(calls)
    }
  }

  #read(calls: Calls): void {
    const target = new Uint8Array(readSize)
    const result = calls.run(() => calls.sys.read(this.#fd.number, target))
    if (result === -errno.EAGAIN || result === -errno.EINTR) return
    const length = succeed('read', result, { fd: this.#fd.number })
    this.#waiting.push(...parseEvents(target.subarray(0, length)))
  }
}

/** The flips and blanks in the result of read(2); other events are skipped. */
export function parseEvents(bytes: Uint8Array): DisplayEvent[] {
  const events: DisplayEvent[] = []
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let offset = 0
  while (offset + DRM_EVENT_HEADER_SIZE <= bytes.length) {
    const length = data.getUint32(offset + 4, true)
    if (length < DRM_EVENT_HEADER_SIZE || offset + length > bytes.length) break
    if (length >= drmEventVblank.size) events.push(displayEvent(bytes.subarray(offset)))
    offset += length
  }
  return events
}

function displayEvent(bytes: Uint8Array): DisplayEvent {
  const event = drmEventVblank.decode(bytes)
  return {
    kind: event.type === DRM_EVENT_FLIP_COMPLETE ? 'flip' : 'vblank',
    userData: event.user_data,
    sequence: event.sequence,
    timestamp: fromTimeval(event.tv_sec, event.tv_usec),
    crtc: event.crtc_id,
  }
}
