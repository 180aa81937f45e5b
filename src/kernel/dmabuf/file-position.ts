import { KernelError } from '../../machine/kernel-error.ts'

/** MAX_LFS_FILESIZE: no file has bytes from there on. */
const LAST = 2n ** 63n - 1n

/**
 * The position of an open file, exact as the kernel's loff_t is: 64 bits, of which a number holds 53.
 */
export class FilePosition {
  #at = 0n

  get exact(): bigint {
    return this.#at
  }

  /** The position as a number. One that is not exact lies beyond the end of every file here. */
  get near(): number {
    return Number(this.#at)
  }

  /**
   * Moves to `from` + `by`, and returns the new position. EINVAL before the start of the file and
   * beyond 64 bits. EOVERFLOW if the position is set and the call cannot return it: lseek fails so
   * if its result type is too small (the end of ksys_lseek in fs/read_write.c of Linux 6.12).
   */
  move(from: bigint, by: number): number {
    const to = from + BigInt(by)
    if (to < 0n || to > LAST) {
      throw new KernelError('EINVAL', `${to} is not a position in a file`)
    }
    this.#at = to
    const position = Number(to)
    if (Number.isSafeInteger(position)) return position
    throw new KernelError('EOVERFLOW', `the position is ${to} now, more than the call can return`)
  }

  /** After `count` bytes were read. */
  advance(count: number): void {
    this.#at += BigInt(count)
  }
}
