/** The caller's functions that a run calls amid the kernel's own work. */
import type { FrameSource } from '../sim/index.ts'
import type { ProgramEnd, ProgramError } from './program.ts'
import { fullMessageOf } from './thrown.ts'

/**
 * Calls the caller's functions, and keeps their errors from the kernel, which could only drop them.
 * The first error ends the run as an error of the program does; no callback is called after it.
 */
export class Callbacks {
  #first: ProgramError | undefined
  #listener: ((error: ProgramError) => void) | undefined

  /** `listener` gets the first error; at once if there is one. */
  onError(listener: (error: ProgramError) => void): void {
    this.#listener = listener
    if (this.#first !== undefined) listener(this.#first)
  }

  /** The first error, if there was one. */
  get error(): ProgramError | undefined {
    return this.#first
  }

  /** Calls `body`; `undefined` where it throws, or where one threw before. `name` is the option's. */
  call<T>(name: string, body: () => T): T | undefined {
    if (this.#first !== undefined) return undefined
    try {
      return body()
    } catch (cause) {
      this.#first = { kind: 'threw', message: `${name} threw: ${fullMessageOf(cause)}`, cause }
      this.#listener?.(this.#first)
      return undefined
    }
  }

  /** `callback` as one that never throws. */
  guarded<T>(name: string, callback: ((value: T) => void) | undefined): (value: T) => void {
    if (callback === undefined) return () => {}
    return (value) => this.call(name, () => callback(value))
  }

  /** `source`, with a black picture in the place of one that it fails to give. */
  guardedSource(source: FrameSource): FrameSource {
    const { width, height, frameCount } = source
    const frame = (index: number): Uint8Array =>
      this.call('source.frame', () => checked(source.frame(index), index, source)) ??
      black(width, height)
    return { width, height, frameCount, frame }
  }
}

function checked(frame: unknown, index: number, { width, height }: FrameSource): Uint8Array {
  const size = (width * height * 3) / 2
  if (frame instanceof Uint8Array && frame.length === size) return frame
  const found = frame instanceof Uint8Array ? `${frame.length} bytes` : `${typeof frame}`
  throw new RangeError(
    `frame(${index}) returned ${found}: a ${width}x${height} YU12 image is a Uint8Array of ${size} bytes`,
  )
}

/** YU12: all luma 16, all chroma 128. */
function black(width: number, height: number): Uint8Array {
  return new Uint8Array((width * height * 3) / 2).fill(128).fill(16, 0, width * height)
}

/** How a run ended whose program ended with `end`: an error of a callback outweighs a value. */
export function endAfter(end: ProgramEnd, { error }: Callbacks): ProgramEnd {
  return 'error' in end || error === undefined ? end : { error }
}
