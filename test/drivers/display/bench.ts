import { O_RDWR } from '../../../src/abi/fcntl.ts'
import { armSoc } from '../../../src/boards/arm-soc.ts'
import { DisplayDevice, type DisplayOptions } from '../../../src/drivers/display/display-device.ts'
import type { ShownFrame } from '../../../src/drivers/display/shown-frame.ts'
import { PageHeap } from '../../../src/drivers/page-heap.ts'
import type { DmabufEvent } from '../../../src/events/event.ts'
import { DmaLayer } from '../../../src/kernel/dma/dma-layer.ts'
import { bufferOwner } from '../../../src/kernel/dmabuf/brackets.ts'
import { DmaBufCore } from '../../../src/kernel/dmabuf/core.ts'
import { CpuMapping } from '../../../src/kernel/dmabuf/cpu-mapping.ts'
import { DeviceJobs } from '../../../src/kernel/dmabuf/device-job.ts'
import type { DmaBuf } from '../../../src/kernel/dmabuf/dma-buf.ts'
import { DmaBufFile } from '../../../src/kernel/dmabuf/dma-buf-file.ts'
import type { CallerFiles, OpenFile, UserMemory } from '../../../src/kernel/dmabuf/file.ts'
import type { Board } from '../../../src/machine/board.ts'
import { KernelError } from '../../../src/machine/kernel-error.ts'
import { Machine } from '../../../src/machine/machine.ts'
import { lazyPolicy } from '../../../src/machine/policy.ts'

/** The descriptors of a process, as far as a driver sees them. */
export class Files implements CallerFiles {
  limit = 64
  readonly open = new Map<number, OpenFile>()

  install(file: OpenFile): number {
    let fd = 3
    while (this.open.has(fd)) fd++
    if (fd >= this.limit) throw new KernelError('EMFILE', 'no descriptor is free')
    this.open.set(fd, file)
    return fd
  }

  requireFree(): void {
    if (this.open.size + 3 >= this.limit) throw new KernelError('EMFILE', 'no descriptor is free')
  }

  lookup(fd: number): OpenFile | undefined {
    return this.open.get(fd)
  }

  revoke(fd: number): void {
    this.close(fd)
  }

  close(fd: number): void {
    const file = this.open.get(fd)
    this.open.delete(fd)
    file?.release()
  }
}

/** A copy of a shown picture. */
export type Shot = ShownFrame

/** A board with a display, a heap and one process's descriptors. */
export class Bench {
  readonly machine: Machine
  readonly dma: DmaLayer
  readonly core: DmaBufCore
  readonly heap: PageHeap
  readonly device: DisplayDevice
  readonly files: Files = new Files()
  readonly events: DmabufEvent[] = []
  readonly shots: Shot[] = []
  #mappings = 0
  #opened = 0

  constructor(options: DisplayOptions = {}, board: Board = armSoc) {
    this.machine = new Machine({ board, policy: lazyPolicy })
    this.machine.events.listen((event) => this.events.push(event))
    this.dma = new DmaLayer(this.machine)
    this.core = new DmaBufCore(this.machine, this.dma)
    this.heap = new PageHeap(this.machine, this.dma, this.core)
    const jobs = new DeviceJobs(this.machine, this.dma)
    this.device = new DisplayDevice(this.machine, this.dma, this.core, jobs, {
      onFrame: (frame) => this.shots.push({ ...frame, bytes: frame.bytes.slice() }),
      ...options,
    })
  }

  /** An open file of the display, with its own number in events. */
  open(): ReturnType<DisplayDevice['open']> {
    const file = this.device.open(O_RDWR)
    file.opened?.(++this.#opened)
    return file
  }

  /** A descriptor for `buffer`, which takes over its reference. */
  fdOf(buffer: DmaBuf, flags: number = O_RDWR): number {
    return this.files.install(new DmaBufFile(this.machine, this.core, buffer, flags))
  }

  /** The CPU's way to a buffer. */
  map(buffer: DmaBuf): CpuMapping {
    const length = Math.floor(buffer.size / 4096) * 4096
    const pages = this.core.mmap(buffer, 0, length)
    const id = ++this.#mappings
    const owner = bufferOwner(buffer)
    return new CpuMapping(this.machine, { ...owner, id, offset: 0, length, pages, writable: true })
  }

  /** Stores `bytes` at the buffer's start in a CPU access, as a correct program does. */
  async fill(buffer: DmaBuf, bytes: Uint8Array): Promise<void> {
    await this.core.beginCpuAccess(buffer, 'write')
    const mapping = this.map(buffer)
    mapping.store(0, bytes)
    mapping.unmap()
    await this.core.endCpuAccess(buffer, 'write')
  }

  sleep(nanoseconds: number): Promise<unknown> {
    return this.machine.scheduler.sleep(nanoseconds)
  }

  of<K extends DmabufEvent['kind']>(...kinds: K[]): (DmabufEvent & { readonly kind: K })[] {
    return this.events.filter((event): event is DmabufEvent & { readonly kind: K } =>
      (kinds as string[]).includes(event.kind),
    )
  }
}

/** The name of the errno that `call` fails with; '0' when it does not fail. */
export async function errnoOf(call: () => unknown): Promise<string> {
  try {
    await call()
    return '0'
  } catch (error) {
    if (error instanceof KernelError) return error.code
    throw error
  }
}

/** A pointer's target. */
export function memory(bytes: Uint8Array): UserMemory {
  return { bytes }
}
