import { createRequire } from 'node:module'
import { pin } from './pin.ts'

/** A C function, as koffi calls it: numbers, and memory as arrays. */
export interface Native {
  (...args: (number | string | Uint8Array | null)[]): number
  /** The same on a thread of koffi's; `done` runs on the event loop. */
  async(...args: unknown[]): void
}

/** A watch on a descriptor, which calls its callback. */
export interface PollHandle {
  unref(): void
  close(): void
}

/** The part of koffi that this package uses, of which its own types say less. */
export interface Koffi {
  load(path: null): {
    func(name: string, result: string, parameters: string[]): Native
  }
  /** The C library's errno as it is now: read it right after the call. */
  errno(): number
  /** Where the bytes of an array are; they stay there as long as it is alive. */
  address(memory: Uint8Array): bigint
  /** An array over foreign memory; throws where the runtime refuses such. */
  view(address: number, length: number): ArrayBuffer
  readonly node: {
    /** Lets the event loop watch `fd`; `done` runs outside of any task's scope. */
    poll(fd: number, options: { readable: boolean }, done: () => void): PollHandle
  }
}

let loaded: Koffi | undefined

/**
 * The foreign function library, loaded at the first use. Throws an Error with the way out where
 * this is not Linux, or koffi is not installed.
 */
export function loadKoffi(): Koffi {
  if (loaded !== undefined) return loaded
  if (process.platform !== 'linux') {
    throw new Error(
      `dmabuf/linux: ${process.platform} has no Linux kernel to call: ` +
        "run the program on the simulated kernel, with `runProgram` of 'dmabuf/sim'",
    )
  }
  loaded = required()
  pin(loaded)
  return loaded
}

function required(): Koffi {
  try {
    return createRequire(import.meta.url)('koffi') as Koffi
  } catch (cause) {
    throw new Error(
      'dmabuf/linux: the package koffi, which calls the C library, cannot be loaded: install it ' +
        'with `npm install koffi` (an optional dependency, which `--omit=optional` leaves out)',
      { cause },
    )
  }
}
