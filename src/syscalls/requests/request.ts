/** The form of an ioctl's row: all that a caller, a recorder or a foreign function call has to know of it. */
import type { ErrnoCode } from '../../abi/errno.ts'
import type { Struct } from '../../abi/struct.ts'

/** A pointer field of a request's structure, and how many bytes the kernel may touch behind it. */
export interface RequestPointer {
  readonly field: string
  readonly offset: number
  /** Bytes, from the counts in the structure. */
  length(bytes: Uint8Array): number
}

/** The request sleeps until poll reports `events`: poll is asked first, and nothing else can go wrong. */
export interface FenceWait {
  readonly until: 'fences'
  readonly events: number
}

/**
 * The request sleeps until the device has something for it, unless the descriptor has O_NONBLOCK: it
 * then fails with `empty`, a negative errno. Polling before the call is wrong: on a video device without
 * buffers it starts the emulation of read(), after which every request of streaming is EBUSY.
 * Source: vb2_core_poll and __vb2_wait_for_done_vb in videobuf2-core.c, v4l2_event_dequeue.
 */
export interface DeviceWait {
  readonly until: 'device'
  readonly events: number
  readonly empty: number
}

/**
 * How a request may keep its caller waiting, and so how it is made without stopping the event loop.
 *
 * `now`: it computes and returns, so it is called in place. `later`: it works for long, and is called on
 * another thread. `unknown`: it may sleep without end, and is called on one of few threads.
 */
export type Waiting = 'now' | 'later' | 'unknown' | FenceWait | DeviceWait

/** A row. */
export interface Request {
  /** The header file's name. */
  readonly name: string
  readonly request: number
  /** Absent where the argument is a text. */
  readonly struct?: Struct<object> | undefined
  /** Default: none. */
  readonly pointers?: readonly RequestPointer[]
  /** Bytes that the kernel reads although the number does not count them; for a list behind its head. */
  readonly whole?: (bytes: Uint8Array) => number
  /** Default: `later`. */
  readonly waits?: Waiting | ((bytes: Uint8Array) => Waiting)
  /** The descriptor that it has made, if it makes one. */
  readonly makes?: (bytes: Uint8Array, result: number) => number
  /** Where the structure names descriptors: the offsets of those in use. */
  readonly takes?: (bytes: Uint8Array) => readonly number[]
  /** The error that it usually fails with; `never` for one that returns something. Default: EIO. */
  readonly fails?: ErrnoCode | 'never'
}

/** `field` points at `count` elements of `each` bytes. */
export function pointerTo<V extends Record<C, number>, C extends keyof V>(
  layout: Struct<V>,
  field: keyof V & string,
  count: C,
  each: number,
): RequestPointer {
  return {
    field,
    offset: layout.offsets[field],
    length: (bytes) => layout.over(bytes)[count] * each,
  }
}

/** Zeroing more than this takes longer than a call on another thread costs (0.1 ms). */
const MANY_BYTES = 1 << 20

/** The wait of a request that allocates `size` bytes and zeroes them. */
export function zeroing(size: number): Waiting {
  return size > MANY_BYTES ? 'later' : 'now'
}
