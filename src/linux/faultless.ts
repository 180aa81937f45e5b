import { errno } from '../abi/errno.ts'
import { MFD_CLOEXEC } from '../abi/memfd.ts'
import type { Libc } from './libc.ts'

/** Bytes that are copied in one step. */
const STEP = 1 << 16

/**
 * Access to memory that may be gone by now: the kernel does the copying, out of or into a scratch file
 * of our own, and answers EFAULT where an instruction of ours would get a signal.
 */
export class Faultless {
  readonly #libc: Libc
  #scratch = -1

  constructor(libc: Libc) {
    this.#libc = libc
  }

  /** Loads `target.length` bytes at `address`. EFAULT, ENOMEM, EMFILE. */
  load(address: number, target: Uint8Array): number {
    return this.#inSteps(target, (fd, at, part) => {
      const moved = this.#libc.writeFrom(fd, address + at, part.length)
      return moved === part.length ? this.#libc.pread(fd, part) : moved
    })
  }

  /** Stores `source` at `address`; the bytes before a bad page are stored. Errors as `load`. */
  store(address: number, source: Uint8Array): number {
    return this.#inSteps(source, (fd, at, part) => {
      const moved = this.#libc.pwrite(fd, part)
      return moved === part.length ? this.#libc.readInto(fd, address + at, part.length) : moved
    })
  }

  #inSteps(memory: Uint8Array, move: (fd: number, at: number, part: Uint8Array) => number): number {
    const fd = this.#file()
    if (fd < 0) return fd
    for (let at = 0; at < memory.length; at += STEP) {
      const part = memory.subarray(at, at + STEP)
      const moved = move(fd, at, part)
      if (moved !== part.length) return moved < 0 ? moved : -errno.EFAULT
    }
    return 0
  }

  #file(): number {
    if (this.#scratch < 0) this.#scratch = this.#libc.memfdCreate('dmabuf-scratch', MFD_CLOEXEC)
    return this.#scratch
  }

  close(): void {
    if (this.#scratch >= 0) this.#libc.close(this.#scratch)
    this.#scratch = -1
  }
}
