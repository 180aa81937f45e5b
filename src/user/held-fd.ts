import { errno } from '../abi/errno.ts'
import { type DescriptorUse, usesOf } from '../syscalls/descriptor-uses.ts'
import type { Syscalls } from '../syscalls/syscalls.ts'
import { systemError } from '../syscalls/system-error.ts'

/**
 * A descriptor that an object keeps. Other code may close the number, and the next descriptor to be made
 * gets it: then nothing is done with that, which is another file.
 */
export class HeldFd {
  readonly #sys: Syscalls
  readonly #fd: number
  readonly #use: DescriptorUse | undefined

  /** Keeps the file that `fd` refers to now. */
  constructor(sys: Syscalls, fd: number) {
    this.#sys = sys
    this.#fd = fd
    this.#use = usesOf(sys)?.useOf(fd)
  }

  /** The number. EBADF where it belongs to another file by now. */
  get number(): number {
    return this.for('ioctl')
  }

  /**
   * The number, for `syscall`. EBADF where it belongs to another file by now; where it is only closed, the
   * kernel says so itself.
   */
  for(syscall: string): number {
    const uses = usesOf(this.#sys)
    if (this.#use === undefined || uses?.stateOf(this.#use) !== 'another file') return this.#fd
    throw systemError({
      errno: -errno.EBADF,
      syscall,
      fd: this.#fd,
      detail:
        `descriptor ${this.#fd} was closed by other code, and its number now belongs to another file: ` +
        'close a descriptor only by its object, or take it with release() before you close it',
    })
  }
}
