import type { Syscalls } from '../syscalls/syscalls.ts'
import type { Operation } from '../syscalls/watching.ts'
import { AsyncOwner } from './async-owner.ts'
import type { Calls } from './calls.ts'
import type { DmaBuf } from './dma-buf.ts'
import type { ImageFormat } from './image-format.ts'

/** A filled buffer, as DQBUF describes it. */
export interface FrameFacts {
  readonly buffer: DmaBuf
  readonly format: ImageFormat
  /** The buffer's number in the queue. */
  readonly index: number
  /** Counts the frames, lost ones too. */
  readonly sequence: number
  /** When it was captured, in nanoseconds of the clock that the driver uses. */
  readonly timestamp: number
  /** Bytes of the picture. */
  readonly bytesUsed: number
  /** The driver says that the picture is damaged. */
  readonly damaged: boolean
}

/** The state shared by all references to one frame. */
export interface FrameShare {
  readonly sys: Syscalls
  readonly facts: FrameFacts
  /** How many references there are. */
  count: number
  /** May sleep. Called when the last reference is gone. */
  giveBack(calls: Calls): Promise<void>
}

/**
 * A reference to one captured picture. While any reference is left the buffer is the program's; when
 * the last is disposed it goes back to the camera, which will write over it.
 *
 * To keep a frame beyond the loop's body, take another reference with `retain`.
 */
export class Frame extends AsyncOwner {
  readonly #share: FrameShare

  /** Takes a reference, which must be counted already: use `VideoDevice.frames` or `retain`. */
  constructor(share: FrameShare) {
    super(share.sys)
    this.#share = share
  }

  /** The memory, still the camera's: it is closed with the stream. */
  get buffer(): DmaBuf {
    return this.#share.facts.buffer
  }
  /** The picture's format. */
  get format(): ImageFormat {
    return this.#share.facts.format
  }
  /** The buffer's number in the queue. */
  get index(): number {
    return this.#share.facts.index
  }
  /** Counts the frames, lost ones too. */
  get sequence(): number {
    return this.#share.facts.sequence
  }
  /** When it was captured, in nanoseconds of the clock that the driver uses. */
  get timestamp(): number {
    return this.#share.facts.timestamp
  }
  /** Bytes of the picture. */
  get bytesUsed(): number {
    return this.#share.facts.bytesUsed
  }
  /** The driver says that the picture is damaged. */
  get damaged(): boolean {
    return this.#share.facts.damaged
  }

  /** Another reference to the same picture; close it as well. TypeError once closed. */
  retain(): Frame {
    if (this.closed) {
      const message = 'this frame was closed: call retain() while it is in use'
      throw Object.assign(new Error(message), { code: 'ERR_INVALID_STATE' })
    }
    this.#share.count++
    return new Frame(this.#share)
  }

  /** With the last reference the camera gets the buffer. */
  protected override get closing(): Operation {
    const { buffer } = this
    const given = this.#share.count === 1 && !buffer.closed
    return { name: 'Frame.close', by: 'device', access: 'write', fds: given ? [buffer.fd] : [] }
  }

  /** Drops this reference; the last one queues the buffer again. */
  protected override async end(calls: Calls): Promise<void> {
    this.#share.count--
    if (this.#share.count === 0) await this.#share.giveBack(calls)
  }
}
