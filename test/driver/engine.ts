/**
 * A custom device that fills a dma-buf or sums its bytes, `/dev/NAME`: a job that lasts as long as
 * the program says. It can keep its mappings until it is asked to drop them, or is closed.
 */
import type { DmaBuf as Buffer, Kernel } from 'dmabuf'
import {
  type Attachment,
  type DmaBuf,
  type DmaDirection,
  type DmaMapping,
  type Driver,
  type DriverContext,
  type DriverFile,
  type ImporterOps,
  type IoctlCall,
  iowr,
} from 'dmabuf/driver'

/** The arguments of the request: the descriptor, a value, a range, the duration of the job. */
const FILL = iowr('E', 0, 20)
/** The same; the sum comes back in place of the value. */
const SUM = iowr('E', 1, 20)
/** Unmaps all that was kept. */
const DROP = iowr('E', 2, 20)

export interface EngineOptions {
  readonly keep?: boolean
  /** Copes with moves: drops its mappings at the notification, unless `stubborn`. */
  readonly dynamic?: 'drops' | 'stubborn'
}

interface Imported {
  readonly attachment: Attachment
  mapping: DmaMapping | undefined
  readonly direction: DmaDirection
}

export function engine(name: string, options: EngineOptions = {}): Driver {
  return {
    name: `${name} driver`,
    probe(context) {
      context.registerDevice(name, { maxSegmentSize: 2 ** 26 })
      context.miscRegister({ name, open: () => new EngineFile(context, name, options) })
    },
  }
}

class EngineFile implements DriverFile {
  readonly #context: DriverContext
  readonly #device: string
  readonly #options: EngineOptions
  readonly #kept = new Map<DmaBuf, Imported>()

  constructor(context: DriverContext, device: string, options: EngineOptions) {
    this.#context = context
    this.#device = device
    this.#options = options
  }

  async ioctl(call: IoctlCall): Promise<number> {
    if (call.request === DROP) {
      await this.#dropAll()
      return 0
    }
    const words = new Int32Array(this.#context.copyFromUser(call.argument, 20).buffer)
    const [fd = -1, value = 0, start = 0, end = 0, duration = 0] = words
    const buffer = this.#context.dmaBufGet(fd, call)
    try {
      const isFill = call.request === FILL
      const imported = await this.#take(buffer, isFill ? 'from-device' : 'to-device')
      const mapping = imported.mapping as DmaMapping
      const bytes = new Uint8Array((end || buffer.size) - start)
      const range = { start, end: start + bytes.length }
      const job = this.#context.startJob(mapping, isFill ? 'write' : 'read', range)
      if (duration > 0) await this.#context.sleep(duration)
      if (isFill) job.store(start, bytes.fill(value))
      else job.load(start, bytes)
      job.finish()
      if (this.#options.keep !== true) await this.#end(buffer, imported)
      const sum = bytes.reduce((total, byte) => total + byte, 0)
      if (!isFill)
        this.#context.copyToUser(call.argument, new Uint8Array(Int32Array.of(sum).buffer), 4)
      return 0
    } finally {
      this.#context.dmaBufPut(buffer)
    }
  }

  /** Cannot wait, and has nothing to wait for if the lock is free. */
  release(): void {
    for (const [buffer, { attachment, mapping, direction }] of this.#kept) {
      if (mapping !== undefined) {
        void this.#context.dmaBufUnmapAttachmentUnlocked(attachment, mapping, direction)
      }
      this.#context.dmaBufDetach(buffer, attachment)
      this.#context.dmaBufPut(buffer)
    }
  }

  async #take(buffer: DmaBuf, asked: DmaDirection): Promise<Imported> {
    const context = this.#context
    const known = this.#kept.get(buffer)
    const direction = this.#options.keep === true ? 'bidirectional' : asked
    if (known !== undefined) {
      known.mapping ??= await context.dmaBufMapAttachmentUnlocked(known.attachment, direction)
      return known
    }
    const attachment = await this.#attach(buffer)
    const mapping = await context.dmaBufMapAttachmentUnlocked(attachment, direction)
    const made = { attachment, mapping, direction }
    if (this.#options.keep === true) this.#kept.set(context.getDmaBuf(buffer), made)
    return made
  }

  #attach(buffer: DmaBuf): Promise<Attachment> {
    const { dynamic } = this.#options
    if (dynamic === undefined) return this.#context.dmaBufAttach(buffer, this.#device)
    const ops: ImporterOps = {
      moveNotify: () => {
        if (dynamic === 'drops') this.#moved(buffer)
      },
    }
    return this.#context.dmaBufDynamicAttach(buffer, this.#device, ops)
  }

  /** With the lock held. */
  #moved(buffer: DmaBuf): void {
    const imported = this.#kept.get(buffer)
    if (imported?.mapping === undefined) return
    const { attachment, mapping, direction } = imported
    imported.mapping = undefined
    this.#context.dmaBufUnmapAttachment(attachment, mapping, direction)
  }

  async #end(buffer: DmaBuf, { attachment, mapping, direction }: Imported): Promise<void> {
    if (mapping !== undefined) {
      await this.#context.dmaBufUnmapAttachmentUnlocked(attachment, mapping, direction)
    }
    this.#context.dmaBufDetach(buffer, attachment)
  }

  async #dropAll(): Promise<void> {
    for (const [buffer, imported] of this.#kept) {
      this.#kept.delete(buffer)
      await this.#end(buffer, imported)
      this.#context.dmaBufPut(buffer)
    }
  }
}

export interface Job {
  readonly start?: number
  readonly end?: number
  /** In ns. */
  readonly duration?: number
}

/** The program's side of an engine. */
export class Engine implements Disposable {
  readonly #kernel: Kernel
  readonly #fd: number

  constructor(kernel: Kernel, name: string) {
    this.#kernel = kernel
    this.#fd = kernel.sys.open(`/dev/${name}`, 2)
  }

  async fill(buffer: Buffer, value: number, job: Job = {}): Promise<void> {
    await this.#call(FILL, buffer.fd, value, job)
  }

  async sum(buffer: Buffer, job: Job = {}): Promise<number> {
    return await this.#call(SUM, buffer.fd, 0, job)
  }

  async drop(): Promise<void> {
    await this.#call(DROP, -1, 0, {})
  }

  [Symbol.dispose](): void {
    this.#kernel.sys.close(this.#fd)
  }

  async #call(request: number, fd: number, value: number, job: Job): Promise<number> {
    const words = Int32Array.of(fd, value, job.start ?? 0, job.end ?? 0, job.duration ?? 1000)
    const bytes = new Uint8Array(words.buffer)
    const result = await this.#kernel.sys.ioctl(this.#fd, request, { bytes })
    if (result < 0) throw new Error(`the engine failed with ${result}`)
    return words[1] ?? -1
  }
}
