/** The framework as the judge drives it: machine, DMA layer and core, without processes above. */

import { PAGE_SIZE } from '../../../src/abi/fcntl.ts'
import type { CpuAccess, DmaDirection, MemoryAttribute } from '../../../src/events/event.ts'
import { DmaLayer } from '../../../src/kernel/dma/dma-layer.ts'
import type { DmaMapping } from '../../../src/kernel/dma/mapping.ts'
import type { Attachment } from '../../../src/kernel/dmabuf/attachment.ts'
import { bufferOwner } from '../../../src/kernel/dmabuf/brackets.ts'
import { DmaBufCore } from '../../../src/kernel/dmabuf/core.ts'
import { CpuMapping, type CpuMappingInfo } from '../../../src/kernel/dmabuf/cpu-mapping.ts'
import { DeviceJobs } from '../../../src/kernel/dmabuf/device-job.ts'
import type { DmaBuf } from '../../../src/kernel/dmabuf/dma-buf.ts'
import { Machine, type MachineOptions } from '../../../src/machine/machine.ts'
import type { Storage } from '../../../src/machine/storage.ts'
import type { BufferSpec } from '../../naive/program.ts'
import { Exporter } from './exporter.ts'

/** A buffer of the program: a dma-buf whose exporter is the judge's own, or memory that is none. */
export interface FastBuffer {
  readonly spec: BufferSpec
  readonly exporter: Exporter
  /** Undefined for a memfd. */
  readonly buffer: DmaBuf | undefined
  /** As CPU mappings name it. */
  readonly owner: Pick<CpuMappingInfo, 'buffer' | 'brackets'>
}

export interface Mapped {
  readonly attachment: Attachment
  readonly mapping: DmaMapping
}

export class FastKernel {
  readonly machine: Machine
  readonly dma: DmaLayer
  readonly core: DmaBufCore
  readonly jobs: DeviceJobs
  readonly #pages = new Map<number, Storage>()

  constructor(options: MachineOptions) {
    this.machine = new Machine(options)
    this.dma = new DmaLayer(this.machine)
    this.core = new DmaBufCore(this.machine, this.dma)
    this.jobs = new DeviceJobs(this.machine, this.dma)
  }

  export(spec: BufferSpec): FastBuffer {
    const page = this.#pages.get(spec.page) ?? this.machine.ram.allocate(PAGE_SIZE)
    if (page === undefined) throw new Error('memory is full')
    const exporter = new Exporter(this.dma, page, spec)
    const buffer = spec.memfd === true ? undefined : this.#export(exporter)
    const owner = buffer === undefined ? this.#announce(exporter) : bufferOwner(buffer)
    if (!this.#pages.has(spec.page)) {
      this.#pages.set(spec.page, page)
      this.#zero(page, owner.buffer)
    }
    return { spec, exporter, buffer, owner }
  }

  #export(exporter: Exporter): DmaBuf {
    const { size, ops } = exporter
    return this.core.export({ exporter: 'judge', size, ops, priv: exporter })
  }

  #announce({ size }: Exporter): FastBuffer['owner'] {
    const buffer = -1 - this.#pages.size
    this.machine.events.emit({ kind: 'memory', buffer, size, what: 'memfd judge' })
    return { buffer, brackets: undefined }
  }

  /** DMA_BUF_IOCTL_SYNC, as the file behind a descriptor carries it out. */
  async sync({ buffer }: FastBuffer, what: 'begin' | 'end', access: CpuAccess): Promise<void> {
    if (buffer === undefined) return
    const synced =
      what === 'begin'
        ? await this.core.beginCpuAccess(buffer, access)
        : await this.core.endCpuAccess(buffer, access)
    const kind = what === 'begin' ? 'cpu-access-begin' : 'cpu-access-end'
    this.machine.events.emit({ kind, buffer: buffer.inode, access, result: 0, synced })
  }

  /** The buffer's page is freed and at once handed out again. */
  reuse({ spec, buffer }: FastBuffer): FastBuffer {
    const page = this.#pages.get(spec.page) as Storage
    if (buffer !== undefined) this.core.put(buffer)
    this.machine.ram.free(page)
    this.#pages.delete(spec.page)
    const fresh = this.export(spec)
    if (this.#pages.get(spec.page) !== page) throw new Error('the page went to nobody')
    return fresh
  }

  #zero(page: Storage, buffer: number): void {
    page.buffer = buffer
    const writer = this.machine.events.emit({
      kind: 'cpu-store',
      buffer,
      mapping: undefined,
      range: { start: 0, end: page.size },
      seen: 'exact',
      hazards: [],
      agent: { kind: 'kernel', name: 'judge' },
    })
    this.machine.memory.cpuFill(page, 0, page.size, 0, writer)
  }

  cpu({ owner, exporter }: FastBuffer, attribute: MemoryAttribute): CpuMapping {
    return new CpuMapping(this.machine, {
      ...owner,
      id: 1,
      offset: 0,
      length: exporter.size,
      pages: { runs: exporter.table.runs, attribute },
      writable: true,
    })
  }

  /** Undefined where no device maps the memory. */
  async map(
    { buffer, exporter }: FastBuffer,
    device: string,
    direction: DmaDirection,
    skips: boolean,
  ): Promise<Mapped | undefined> {
    if (buffer === undefined) return undefined
    const attachment = await this.core.attach(buffer, device)
    exporter.skips = skips
    return { attachment, mapping: await this.core.mapAttachmentUnlocked(attachment, direction) }
  }

  async unmap({ attachment, mapping }: Mapped): Promise<void> {
    await this.core.unmapAttachmentUnlocked(attachment, mapping, mapping.direction)
  }
}
