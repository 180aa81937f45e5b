import type { Syscalls } from './syscalls.ts'

/** Which of the files that a number stood for, one after the other, is meant. */
export interface DescriptorUse {
  readonly fd: number
  /** Counts the descriptors that this waist made with the number. */
  readonly generation: number
  /** Which file, where the kernel says it. */
  readonly file: string | undefined
}

/** The state of a number since then. */
export type UseState = 'same' | 'closed' | 'another file'

/** Which file `fd` leads to: equal for every descriptor of one file; undefined where it is not open. */
export type FileOf = (fd: number) => string | undefined

/**
 * The files behind the descriptor numbers of a waist. Numbers are used again and again, so that an
 * object which keeps one has to know whether it still means the same file.
 */
export class DescriptorUses {
  readonly #generations = new Map<number, number>()
  readonly #closed = new Set<number>()
  readonly #changes = new Map<number, number>()
  readonly #fileOf: FileOf | undefined

  /** Without `fileOf` only calls through the waist are known. */
  constructor(fileOf?: FileOf) {
    this.#fileOf = fileOf
  }

  /** A call has made the descriptor `fd`. */
  made(fd: number): void {
    this.#generations.set(fd, this.#generation(fd) + 1)
    this.#closed.delete(fd)
    this.#changed(fd)
  }

  /** A call has closed `fd`. */
  gone(fd: number): void {
    this.#closed.add(fd)
    this.#changed(fd)
  }

  #changed(fd: number): void {
    this.#changes.set(fd, this.changesOf(fd) + 1)
  }

  /** A number that changes when the waist closes `fd`, or makes it again. */
  changesOf(fd: number): number {
    return this.#changes.get(fd) ?? 0
  }

  /** The file behind `fd` now. */
  useOf(fd: number): DescriptorUse {
    return { fd, generation: this.#generation(fd), file: this.#fileOf?.(fd) }
  }

  /** The state of `use` now. */
  stateOf({ fd, generation, file }: DescriptorUse): UseState {
    if (this.#generation(fd) !== generation) return this.#closed.has(fd) ? 'closed' : 'another file'
    const isGone = this.#closed.has(fd)
    if (this.#fileOf === undefined) return isGone ? 'closed' : 'same'
    const now = this.#fileOf(fd)
    if (now === undefined) return 'closed'
    return isGone || now !== file ? 'another file' : 'same'
  }

  #generation(fd: number): number {
    return this.#generations.get(fd) ?? 0
  }
}

const known = new WeakMap<Syscalls, DescriptorUses>()

/** Attaches the descriptor uses of `sys`. */
export function tellUses(sys: Syscalls, uses: DescriptorUses): void {
  known.set(sys, uses)
}

/** The descriptor uses of `sys`, if they are known. */
export function usesOf(sys: Syscalls): DescriptorUses | undefined {
  return known.get(sys)
}
