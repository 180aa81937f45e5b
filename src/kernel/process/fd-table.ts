import { KernelError } from '../../machine/kernel-error.ts'
import type { OpenFile } from '../dmabuf/file.ts'

/** An open file, shared by the descriptors and the mappings that refer to it. */
export class FileDescription {
  readonly id: number
  readonly file: OpenFile
  readonly #whenReleased: () => void
  #references = 1

  constructor(id: number, file: OpenFile, whenReleased: () => void) {
    this.id = id
    this.file = file
    this.#whenReleased = whenReleased
  }

  /** Descriptors, mappings and calls under way that hold it open. */
  get references(): number {
    return this.#references
  }

  get(): this {
    this.#references++
    this.file.get?.()
    return this
  }

  /** Drops a reference; the file is released with the last. */
  put(): void {
    this.#references--
    if (this.#references > 0) {
      this.file.put?.()
      return
    }
    this.#whenReleased()
    this.file.release()
  }
}

/** A process's descriptors: the lowest free number is always the next one. */
export class FdTable {
  readonly #limit: number
  readonly #first: number
  readonly #files = new Map<number, FileDescription>()
  /** Descriptor flags, FD_CLOEXEC alone. */
  readonly #flags = new Map<number, number>()

  /** `limit` is RLIMIT_NOFILE: the count of numbers there are. Numbers below `first` are taken. */
  constructor(limit: number, first = 3) {
    this.#limit = limit
    this.#first = first
  }

  get open(): [number, FileDescription][] {
    return [...this.#files].sort(([a], [b]) => a - b)
  }

  get(fd: number): FileDescription | undefined {
    return this.#files.get(fd)
  }

  /** The count of numbers there are. */
  get limit(): number {
    return this.#limit
  }

  /** The lowest free number from `lowest` up, with these descriptor flags. Throws EMFILE without one. */
  install(description: FileDescription, flags: number, lowest = 0): number {
    let fd = Math.max(this.#first, lowest)
    while (this.#files.has(fd)) fd++
    if (fd >= this.#limit) throw this.#full()
    this.#files.set(fd, description)
    this.#flags.set(fd, flags)
    return fd
  }

  /** EMFILE where every number is taken. */
  requireFree(): void {
    if (this.#files.size >= this.#limit - this.#first) throw this.#full()
  }

  #full(): KernelError {
    return new KernelError('EMFILE', `all ${this.#limit} descriptors of the process are open`)
  }

  /** Takes the number out of the table; undefined when it is not open. */
  remove(fd: number): FileDescription | undefined {
    const description = this.#files.get(fd)
    this.#files.delete(fd)
    this.#flags.delete(fd)
    return description
  }

  flagsOf(fd: number): number {
    return this.#flags.get(fd) ?? 0
  }

  setFlags(fd: number, flags: number): void {
    this.#flags.set(fd, flags)
  }
}
