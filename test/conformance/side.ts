import { F_GETFD } from '../../src/abi/fcntl.ts'
import type { Kernel } from '../../src/syscalls/kernel.ts'
import type { Syscalls } from '../../src/syscalls/syscalls.ts'

/** The descriptors of a sequence stay below the last of them. */
const numbers = Array.from({ length: 160 }, (_, i) => i + 3)

/**
 * One of the two kernels, as a sequence sees it. Descriptors are counted: `slot` n is the n-th number
 * that was free when the sequence began, so that the rule of the lowest free number can be compared
 * although a real process has other files open.
 */
export class Side {
  readonly name: string
  readonly sys: Syscalls
  /**
   * The card of vgem, or of another driver that imports like it there; a path without a file if
   * there is none.
   */
  readonly card: string
  /** Where each mapping of the sequence is, by the sequence's number for it. */
  readonly addresses: Map<number, number> = new Map()
  /** Descriptors that only stand in the way. */
  readonly filling: number[] = []
  readonly #free: readonly number[]
  readonly #slots: ReadonlyMap<number, number>
  #calls = 0

  constructor(kernel: Kernel, card: string) {
    this.name = kernel.name
    this.card = card
    // The simulated process has no standard streams, and leaves their numbers alone all the same.
    this.#free = numbers.filter((fd) => kernel.name === 'sim' || !isOpen(kernel.sys, fd))
    this.#slots = new Map(this.#free.map((fd, slot) => [fd, slot]))
    this.sys = counted(kernel.sys, () => this.#calls++)
  }

  /** Calls of the waist that were made so far. */
  get calls(): number {
    return this.#calls
  }

  /** The descriptor of a slot; a negative number, and one beyond all slots, stand for themselves. */
  fd(slot: number): number {
    return this.#free[slot] ?? slot
  }

  /** The slot of a descriptor that a call has returned, or the error. Beyond all slots: itself. */
  slot(result: number): number {
    return result < 0 ? result : (this.#slots.get(result) ?? result)
  }
}

function isOpen(sys: Syscalls, fd: number): boolean {
  return sys.fcntl(fd, F_GETFD, 0) >= 0
}

/** `sys` with every call counted. */
function counted(sys: Syscalls, count: () => void): Syscalls {
  const calls = Object.entries(sys).map(([name, call]) => [
    name,
    (...words: unknown[]) => {
      count()
      return (call as (...words: unknown[]) => unknown)(...words)
    },
  ])
  return Object.fromEntries(calls) as Syscalls
}
