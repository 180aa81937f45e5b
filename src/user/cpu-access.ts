import { DMA_BUF_SYNC_END, DMA_BUF_SYNC_START } from '../abi/dma-buf.ts'
import { errno } from '../abi/errno.ts'
import { endedError } from '../syscalls/system-error.ts'
import type { Operation } from '../syscalls/watching.ts'
import type { BufferCore } from './buffer-core.ts'
import { Calls } from './calls.ts'
import { type CpuAccessKind, syncFlags } from './cpu-access-kind.ts'
import { drainAll } from './dispose.ts'
import { ExactAccess } from './exact-access.ts'
import { GatheredBytes } from './gathered-bytes.ts'

/**
 * The CPU's access to a buffer, from DMA_BUF_IOCTL_SYNC with START to the one with END at disposal. In
 * between devices must not use the buffer.
 *
 * `bytes` and the exact accesses live as long as the CPU access.
 */
export class CpuAccess extends ExactAccess implements AsyncDisposable {
  /** The access that was begun. */
  readonly access: CpuAccessKind
  readonly #core: BufferCore
  #bytes: Uint8Array<ArrayBuffer> | undefined
  #gathered: GatheredBytes | undefined
  #ended: Promise<void> | undefined

  private constructor(core: BufferCore, access: CpuAccessKind) {
    super(core.sys, core.size)
    this.#core = core
    this.access = access
  }

  /** May sleep, until the devices are done. Begins the access: use `DmaBuf.beginCpuAccess`. */
  static async begin(
    calls: Calls,
    core: BufferCore,
    access: CpuAccessKind,
    signal?: AbortSignal,
  ): Promise<CpuAccess> {
    await core.sync(calls, syncFlags(access) | DMA_BUF_SYNC_START, signal)
    core.enter()
    return new CpuAccess(core, access)
  }

  /**
   * The buffer's bytes, to load and store at native speed until the access ends: do not keep them.
   * The buffer is mapped at the first use and stays mapped until it is closed. EINVAL once ended,
   * EBADF once the buffer is closed, EACCES, ENOMEM.
   *
   * Where the buffer's pages do not lie in one piece (a udmabuf of several parts), these bytes are a
   * copy, see `isGathered`: taken at the first use; changed bytes are stored when the access ends.
   */
  get bytes(): Uint8Array<ArrayBuffer> {
    this.#requireOpen()
    if (this.#bytes === undefined) {
      const calls = Calls.from(this.#core.sys, bytesGetter)
      this.#bytes = this.#take(calls, this.locate(calls))
    }
    return this.#bytes
  }

  /** Whether `bytes` was taken, and is a copy: the buffer's pages do not lie in one piece. */
  get isGathered(): boolean {
    return this.#gathered !== undefined
  }

  #take(calls: Calls, address: number): Uint8Array<ArrayBuffer> {
    const view = calls.viewWhole(address, this.length, 'bracket')
    if (view !== undefined) return view
    this.#gathered = new GatheredBytes(calls, address, this.length)
    return this.#gathered.bytes
  }

  protected override locate(calls: Calls): number {
    this.#requireOpen()
    return this.#core.map(calls, this.access)
  }

  #requireOpen(): void {
    if (this.#ended === undefined) {
      this.#core.fd('view')
      return
    }
    throw endedError({
      errno: -errno.EINVAL,
      syscall: 'view',
      detail: 'this CPU access has ended: use its bytes before, or begin another one',
    })
  }

  /** Whether `end` or `close` was called; it may still be under way. */
  get closed(): boolean {
    return this.#ended !== undefined
  }

  /** May sleep. Ends the access; ending twice does nothing. EINVAL, EBADF when the buffer is closed. */
  end(): Promise<void> {
    return this.#end(() => Calls.passing(this.#core.sys, this.end))
  }

  /** As `end`. */
  close(): Promise<void> {
    return this.#end(() => Calls.passing(this.#core.sys, this.close))
  }

  /** As `end`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#end(() => Calls.disposing(this.#core.sys))
  }

  #end(capture: () => Calls): Promise<void> {
    // The first end reports its failure; a second one only waits for it.
    if (this.#ended !== undefined) return this.#ended.catch(() => undefined)
    const calls = capture()
    this.#bytes = undefined
    const begin = (): Operation => this.#core.operation('CpuAccess.end', this.access, true)
    return calls.operation(begin, () => {
      this.#ended = drainAll([
        () => calls.run(() => this.#gathered?.merge()),
        () => this.#core.sync(calls, syncFlags(this.access) | DMA_BUF_SYNC_END),
        () => this.#core.leave(),
      ])
      return this.#ended
    })
  }
}

const bytesGetter: unknown = Object.getOwnPropertyDescriptor(CpuAccess.prototype, 'bytes')?.get
