/**
 * The file behind a dma-buf descriptor: SYNC, names, fences, poll, seek, mmap and fdinfo.
 * Source: dma_buf_fops in drivers/dma-buf/dma-buf.c of Linux 6.12.
 */
import * as abi from '../../abi/dma-buf.ts'
import { type ErrnoCode, errno } from '../../abi/errno.ts'
import { DMA_BUF_FILE_FLAGS, SEEK_END, SEEK_SET } from '../../abi/fcntl.ts'
import type { CpuAccess } from '../../events/event.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import type { Machine } from '../../machine/machine.ts'
import { openBrackets } from './brackets.ts'
import type { DmaBufCore } from './core.ts'
import type { DmaBuf } from './dma-buf.ts'
import type { FdContext } from './dma-buf-fd.ts'
import type { IoctlCall, MappedPages, MapRequest, OpenFile, UserMemory } from './file.ts'
import { pollBuffer, whenPollChanges } from './polling.ts'
import { exportSyncFile, importSyncFile } from './sync-file-ioctls.ts'

export class DmaBufFile implements OpenFile {
  readonly what = 'dmabuf'
  flags: number
  readonly buffer: DmaBuf
  readonly #kernel: FdContext

  /** Takes over one reference to `buffer`, and drops it when the file is released. */
  constructor(machine: Machine, core: DmaBufCore, buffer: DmaBuf, flags: number) {
    this.#kernel = { machine, core }
    this.buffer = buffer
    this.flags = flags & DMA_BUF_FILE_FLAGS
  }

  async ioctl(call: IoctlCall): Promise<number> {
    switch (call.request) {
      case abi.DMA_BUF_IOCTL_SYNC:
        return this.#sync(abi.dmaBufSync.over(call.argument.bytes).flags, call.signal)
      case abi.DMA_BUF_SET_NAME_A:
      case abi.DMA_BUF_SET_NAME_B:
        this.#kernel.core.setName(this.buffer, text(call.argument.bytes))
        return 0
      case abi.DMA_BUF_IOCTL_EXPORT_SYNC_FILE:
        exportSyncFile(this.#kernel, this.buffer, call)
        return 0
      case abi.DMA_BUF_IOCTL_IMPORT_SYNC_FILE:
        await importSyncFile(this.#kernel, this.buffer, call)
        return 0
      default:
        throw new KernelError('ENOTTY', `0x${call.request.toString(16)} is not a dma-buf request`)
    }
  }

  refused(request: number, argument: UserMemory, result: number): void {
    if (request !== abi.DMA_BUF_IOCTL_SYNC) return
    const { flags } = abi.dmaBufSync.over(argument.bytes)
    this.#emit(flags, abi.syncAccess(flags) ?? 'read', result, [])
  }

  mmap({ offset, length, shared }: MapRequest): MappedPages {
    const pages = this.#kernel.core.mmap(this.buffer, offset, length, undefined, shared)
    return { buffer: this.buffer, offset, pages }
  }

  /** Only the two forms that return the size and go back to the start. */
  lseek(offset: number, whence: number): number {
    if (offset === 0 && whence === SEEK_END) return this.buffer.size
    if (offset === 0 && whence === SEEK_SET) return 0
    throw new KernelError('EINVAL', 'a dma-buf seeks by 0 from its start or its end, nothing else')
  }

  fdinfo(): string {
    const { size, references, uncounted, exporter, name } = this.buffer
    const named = name === undefined ? '' : `name:\t${name}\n`
    return `size:\t${size}\ncount:\t${references - uncounted}\nexp_name:\t${exporter}\n${named}`
  }

  poll(events: number): number {
    return pollBuffer(this.#kernel.core, this.buffer, events)
  }

  onReady(listener: () => void): () => void {
    return whenPollChanges(this.buffer, listener)
  }

  get(): void {
    this.#kernel.core.get(this.buffer)
  }

  put(): void {
    this.#kernel.core.put(this.buffer)
  }

  release(): void {
    this.#kernel.core.put(this.buffer)
  }

  async #sync(flags: number, signal: AbortSignal | undefined): Promise<number> {
    const access = abi.syncAccess(flags)
    if (access === undefined) {
      throw new KernelError(
        'EINVAL',
        `flags are 0x${flags.toString(16)}: READ or WRITE or both, and END or not`,
      )
    }
    if ((flags & abi.DMA_BUF_SYNC_END) !== 0) await this.#end(flags, access)
    else await this.#begin(flags, access, signal)
    return 0
  }

  async #begin(flags: number, access: CpuAccess, signal: AbortSignal | undefined): Promise<void> {
    openBrackets(this.buffer).reconcile()
    const synced = await this.#reported(flags, access, () =>
      this.#kernel.core.beginCpuAccess(this.buffer, access, undefined, signal),
    )
    openBrackets(this.buffer).start(access)
    this.#emit(flags, access, 0, synced)
    if (access !== 'write') openBrackets(this.buffer).retakeViews()
  }

  /** Views of the CPU access end after the maintenance, which finds their stores. */
  async #end(flags: number, access: CpuAccess): Promise<void> {
    const brackets = openBrackets(this.buffer)
    const last = brackets.end(access)
    const synced = await this.#reported(flags, access, () =>
      this.#kernel.core.endCpuAccess(this.buffer, access),
    )
    const lost = last && brackets.endViews(this.#kernel.machine)
    this.#emit(flags, access, 0, synced)
    if (lost) {
      throw new KernelError(
        'EFAULT',
        'the memory of an array of this access was transferred by structuredClone or postMessage, and its ' +
          'stores are lost: pass a copy, such as bytes.slice()',
      )
    }
  }

  /** May sleep. A CPU access that the exporter refuses, or whose wait ends early, is a failed one. */
  async #reported<T>(flags: number, access: CpuAccess, body: () => Promise<T>): Promise<T> {
    try {
      return await body()
    } catch (error) {
      if (error instanceof KernelError)
        this.#emit(flags, access, -errno[error.code as ErrnoCode], [])
      throw error
    }
  }

  #emit(flags: number, access: CpuAccess, result: number, synced: readonly string[]): void {
    this.#kernel.machine.events.emit({
      kind: (flags & abi.DMA_BUF_SYNC_END) === 0 ? 'cpu-access-begin' : 'cpu-access-end',
      buffer: this.buffer.inode,
      access,
      result,
      synced,
    })
  }
}

/** The buffer of a dma-buf's file; undefined for another kind of file. */
export function dmaBufOf(file: OpenFile | undefined): DmaBuf | undefined {
  return file instanceof DmaBufFile ? file.buffer : undefined
}

function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  const length = end === -1 ? bytes.length : end
  if (length >= abi.DMA_BUF_NAME_LEN) {
    throw new KernelError(
      'EINVAL',
      `the name has ${length} bytes, ${abi.DMA_BUF_NAME_LEN - 1} are allowed`,
    )
  }
  return new TextDecoder().decode(bytes.subarray(0, length))
}
