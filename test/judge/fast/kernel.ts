/** The framework as the judge drives it: machine, DMA layer and core, without processes above. */
import { DmaLayer } from '../../../src/dma/dma-layer.ts'
import type { DmaMapping } from '../../../src/dma/mapping.ts'
import type { Attachment } from '../../../src/dmabuf/attachment.ts'
import { bufferOwner } from '../../../src/dmabuf/brackets.ts'
import { DmaBufCore } from '../../../src/dmabuf/core.ts'
import { CpuMapping } from '../../../src/dmabuf/cpu-mapping.ts'
import { DeviceJobs } from '../../../src/dmabuf/device-job.ts'
import type { DmaBuf } from '../../../src/dmabuf/dma-buf.ts'
import type { DmaDirection, MemoryAttribute } from '../../../src/events/event.ts'
import { Machine, type MachineOptions } from '../../../src/machine/machine.ts'
import { PAGE_SIZE } from '../../../src/machine/ram.ts'
import type { Storage } from '../../../src/machine/storage.ts'
import type { BufferSpec } from '../../naive/program.ts'
import { Exporter } from './exporter.ts'

/** A buffer of the program: a dma-buf whose exporter is the judge's own. */
export interface FastBuffer {
  readonly spec: BufferSpec
  readonly exporter: Exporter
  readonly buffer: DmaBuf
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
    const { size, ops } = exporter
    const buffer = this.core.export({ exporter: 'judge', size, ops, priv: exporter })
    if (!this.#pages.has(spec.page)) {
      this.#pages.set(spec.page, page)
      page.buffer = buffer.inode
      this.#zero(page)
    }
    return { spec, exporter, buffer }
  }

  /** The buffer's page is freed and at once handed out again. */
  reuse({ spec, buffer }: FastBuffer): FastBuffer {
    const page = this.#pages.get(spec.page) as Storage
    this.core.put(buffer)
    this.machine.ram.free(page)
    this.#pages.delete(spec.page)
    const fresh = this.export(spec)
    if (this.#pages.get(spec.page) !== page) throw new Error('the page went to nobody')
    return fresh
  }

  #zero(page: Storage): void {
    const writer = this.machine.events.emit({
      kind: 'cpu-store',
      buffer: page.buffer,
      mapping: undefined,
      range: { start: 0, end: page.size },
      seen: 'exact',
      hazards: [],
      agent: { kind: 'kernel', name: 'judge' },
    })
    this.machine.memory.cpuFill(page, 0, page.size, 0, writer)
  }

  cpu({ buffer, exporter }: FastBuffer, attribute: MemoryAttribute): CpuMapping {
    return new CpuMapping(this.machine, {
      ...bufferOwner(buffer),
      id: 1,
      offset: 0,
      length: exporter.size,
      pages: { runs: exporter.table.runs, attribute },
      writable: true,
    })
  }

  async map(
    { buffer, exporter }: FastBuffer,
    device: string,
    direction: DmaDirection,
    skips: boolean,
  ): Promise<Mapped> {
    const attachment = await this.core.attach(buffer, device)
    exporter.skips = skips
    return { attachment, mapping: await this.core.mapAttachment(attachment, direction) }
  }

  unmap({ attachment, mapping }: Mapped): void {
    this.core.unmapAttachment(attachment, mapping, mapping.direction)
  }
}
