import { SEEK_END } from '../../abi/fcntl.ts'
import type { FdOpenEvent } from '../../events/event.ts'
import type { Syscalls } from '../../syscalls/syscalls.ts'
import type { Buffers, KnownBuffer } from './buffers.ts'
import { readFdInfo } from './fdinfo.ts'
import type { KnownMemfd } from './memories.ts'
import type { Tell } from './tell.ts'

/** An open file, as far as the program's calls show it. */
export interface OpenFile {
  readonly id: number
  /** The path, `dmabuf`, `sync_file` or `memfd:NAME`. */
  readonly what: string
  readonly buffer: KnownBuffer | undefined
  readonly memfd: KnownMemfd | undefined
}

interface Entry extends OpenFile {
  /** Descriptors and mappings of the program that hold it open. */
  references: number
}

/** The descriptors of the program, with their files. */
export class Files {
  readonly #sys: Syscalls
  readonly #buffers: Buffers
  readonly #tell: Tell
  readonly #released: (file: OpenFile) => void
  readonly #open = new Map<number, Entry>()
  #latest = 0

  /** `released` gets each file that the program has closed and unmapped for the last time. */
  constructor(sys: Syscalls, buffers: Buffers, tell: Tell, released: (file: OpenFile) => void) {
    this.#sys = sys
    this.#buffers = buffers
    this.#tell = tell
    this.#released = released
  }

  /** The file behind `fd`; one that no call of the program made is looked at now. */
  at(fd: number): OpenFile | undefined {
    return this.#open.get(fd) ?? this.#foreign(fd)
  }

  /** A call has made `fd` for a new file. */
  opened(fd: number, what: string, memfd?: KnownMemfd): void {
    this.#install(fd, this.#entry({ what, memfd, buffer: undefined }))
  }

  /** A call has made `fd` for a dma-buf. */
  openedDmaBuf(fd: number): OpenFile {
    const info = readFdInfo(this.#sys, fd)
    const size = info?.size ?? Math.max(0, this.#sys.lseek(fd, 0, SEEK_END))
    const buffer = this.#buffers.of(info ?? {}, size)
    return this.#install(fd, this.#entry({ what: 'dmabuf', buffer, memfd: undefined }))
  }

  /** `copy` stands for the open file of `fd` as well. */
  duplicated(fd: number, copy: number): void {
    const entry = this.#open.get(fd)
    if (entry === undefined) return
    entry.references++
    this.#install(copy, entry)
  }

  closed(fd: number): void {
    const entry = this.#open.get(fd)
    if (entry === undefined) return
    this.#open.delete(fd)
    this.#tellOf('fd-close', fd, entry)
    this.put(entry)
  }

  /** One more mapping holds it open. */
  get(file: OpenFile): void {
    ;(file as Entry).references++
  }

  put(file: OpenFile): void {
    const entry = file as Entry
    entry.references--
    if (entry.references === 0) this.#released(entry)
  }

  #entry(facts: Omit<OpenFile, 'id'>): Entry {
    return { id: ++this.#latest, ...facts, references: 1 }
  }

  #install(fd: number, entry: Entry, from?: FdOpenEvent['from']): Entry {
    // The number is new: if it was known, it was closed without a call of the program.
    const stale = this.#open.get(fd)
    if (stale !== undefined) this.put(stale)
    this.#open.set(fd, entry)
    this.#tellOf('fd-open', fd, entry, from)
    return entry
  }

  /** Passed by another process, or opened by other code in this one. */
  #foreign(fd: number): OpenFile | undefined {
    const info = readFdInfo(this.#sys, fd)
    if (info === undefined) return undefined
    const isDmaBuf = info.exporter !== undefined && info.size !== undefined
    const buffer = isDmaBuf ? this.#buffers.of(info, info.size) : undefined
    const what = isDmaBuf ? 'dmabuf' : 'a file from elsewhere'
    return this.#install(fd, this.#entry({ what, buffer, memfd: undefined }), 'elsewhere')
  }

  #tellOf(
    kind: 'fd-open' | 'fd-close',
    fd: number,
    { id, what, buffer }: Entry,
    from?: FdOpenEvent['from'],
  ): void {
    const event = { kind, fd, file: id, what, buffer: buffer?.id }
    this.#tell(from === undefined ? event : { ...event, kind: 'fd-open', from })
  }
}
