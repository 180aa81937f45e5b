import { FD_CLOEXEC, O_CLOEXEC } from '../../abi/fcntl.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import type { Machine } from '../../machine/machine.ts'
import { dmaBufOf } from '../dmabuf/dma-buf-file.ts'
import type { CallerFiles, OpenFile } from '../dmabuf/file.ts'
import { FdTable, FileDescription } from './fd-table.ts'

/** RLIMIT_NOFILE as most distributions set it. */
const FD_LIMIT = 1024

/** The descriptors of a process, and the open files behind them. A failure is a KernelError. */
export class Descriptors implements CallerFiles {
  readonly #machine: Machine
  readonly #table: FdTable
  readonly #openFiles = new Set<FileDescription>()
  #descriptions = 0

  constructor(machine: Machine, limit: number = FD_LIMIT) {
    this.#machine = machine
    this.#table = new FdTable(limit)
  }

  /** `[fd, open file]` for every descriptor, by number. */
  get open(): [number, FileDescription][] {
    return this.#table.open
  }

  /** Every open file, also where only a mapping or a call under way holds it open. */
  get files(): Iterable<FileDescription> {
    return this.#openFiles
  }

  get(fd: number): FileDescription | undefined {
    return this.#table.get(fd)
  }

  lookup(fd: number): OpenFile | undefined {
    return this.#table.get(fd)?.file
  }

  /** The open file behind `fd`. EBADF. */
  openFile(fd: number): FileDescription {
    const description = this.#table.get(fd)
    if (description === undefined) throw new KernelError('EBADF', `fd ${fd} is not open`)
    return description
  }

  /** A descriptor for a file that was just opened, and that it owns from now on. EMFILE. */
  install(file: OpenFile, flags = 0): number {
    const description = new FileDescription(this.#descriptions + 1, file, () => {
      this.#openFiles.delete(description)
    })
    const fd = this.#table.install(description, (flags & O_CLOEXEC) === 0 ? 0 : FD_CLOEXEC)
    this.#descriptions++
    this.#openFiles.add(description)
    file.opened?.(description.id)
    this.#emit('fd-open', fd, description)
    return fd
  }

  requireFree(): void {
    this.#table.requireFree()
  }

  /** The lowest free descriptor from `lowest` up for the same open file. EBADF, EINVAL, EMFILE. */
  duplicate(fd: number, flags = 0, lowest = 0): number {
    const description = this.openFile(fd)
    if (lowest < 0 || lowest >= this.#table.limit) {
      throw new KernelError('EINVAL', `${lowest} is not a descriptor below ${this.#table.limit}`)
    }
    const copy = this.#table.install(description, flags, lowest)
    description.get()
    this.#emit('fd-open', copy, description)
    return copy
  }

  /** EBADF. The file is released with the last descriptor, mapping and call that hold it open. */
  close(fd: number): void {
    const description = this.openFile(fd)
    this.#table.remove(fd)
    this.#emit('fd-close', fd, description)
    description.put()
  }

  revoke(fd: number): void {
    this.close(fd)
  }

  flagsOf(fd: number): number {
    return this.#table.flagsOf(fd)
  }

  setFlags(fd: number, flags: number): void {
    this.#table.setFlags(fd, flags)
  }

  /** The object of a call on `fd`, for strategies that order calls. */
  touchOf(fd: number): string {
    const file = this.lookup(fd)
    if (file === undefined) return `fd ${fd}`
    const buffer = dmaBufOf(file)
    return buffer === undefined ? file.what : `dmabuf ${buffer.inode}`
  }

  closeAll(): void {
    for (const [fd] of this.open) this.close(fd)
  }

  #emit(kind: 'fd-open' | 'fd-close', fd: number, { id, file }: FileDescription): void {
    const buffer = dmaBufOf(file)?.inode
    this.#machine.events.emit({ kind, fd, file: id, what: file.what, buffer })
  }
}
