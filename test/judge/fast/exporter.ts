/** Exporters of the judge's own, right and wrong ones, as the framework takes them. */

import type { DmaDirection, Range } from '../../../src/events/event.ts'
import type { DmaLayer } from '../../../src/kernel/dma/dma-layer.ts'
import type { DmaMapping } from '../../../src/kernel/dma/mapping.ts'
import type { SgTable } from '../../../src/kernel/dma/sg-table.ts'
import type { Attachment } from '../../../src/kernel/dmabuf/attachment.ts'
import type { DmaBuf } from '../../../src/kernel/dmabuf/dma-buf.ts'
import type { DmaBufOps } from '../../../src/kernel/dmabuf/ops.ts'
import type { Storage } from '../../../src/machine/storage.ts'
import { type BufferSpec, CELL, type Hooks } from '../../naive/program.ts'

const DRIVER = { name: 'judge', modelled: false } as const

type Hook = (buffer: DmaBuf, direction: DmaDirection) => void

export class Exporter {
  readonly ops: DmaBufOps
  readonly size: number
  readonly table: SgTable
  /** Whether the next map skips the sync. */
  skips = false
  readonly #dma: DmaLayer
  readonly #hooks: Hooks
  readonly #mapped = new Set<DmaMapping>()
  #own: DmaMapping | undefined

  constructor(dma: DmaLayer, page: Storage, { start, end, hooks }: BufferSpec) {
    this.#dma = dma
    this.#hooks = hooks
    this.size = (end - start) * CELL
    const offset = start * CELL
    const physical = (page.chunks[0]?.physical ?? 0) + offset
    this.table = {
      segments: [{ physical, length: this.size }],
      runs: [{ storage: page, offset, length: this.size }],
      size: this.size,
    }
    this.ops = {
      mapDmaBuf: (attachment, direction) => this.#map(attachment, direction),
      unmapDmaBuf: (_attachment, mapping) => this.#unmap(mapping),
      release: () => {},
      ...this.#accessHooks(),
    }
  }

  #map({ buffer, device, id }: Attachment, direction: DmaDirection): DmaMapping {
    const mapping = this.#dma.map({
      device,
      table: this.table,
      direction,
      skipCpuSync: this.skips,
      buffer: buffer.inode,
      driver: DRIVER,
      attachment: id,
    })
    this.#mapped.add(mapping)
    return mapping
  }

  #unmap(mapping: DmaMapping): void {
    this.#mapped.delete(mapping)
    this.#dma.unmap(mapping)
  }

  #accessHooks(): Pick<DmaBufOps, 'beginCpuAccess' | 'endCpuAccess'> {
    switch (this.#hooks) {
      case 'right':
        return { beginCpuAccess: this.#forCpu(), endCpuAccess: this.#forDevice() }
      case 'swapped':
        return { beginCpuAccess: this.#forDevice(), endCpuAccess: this.#forCpu() }
      case 'half': {
        const half = { start: 0, end: Math.ceil(this.size / CELL / 2) * CELL }
        return { beginCpuAccess: this.#forCpu(half), endCpuAccess: this.#forDevice(half) }
      }
      case 'to-device':
      case 'from-device':
      case 'bidirectional':
        return this.#always(this.#hooks)
      case 'oldest':
        return this.#forOldest()
      case 'unmapped':
        return { beginCpuAccess: () => {}, endCpuAccess: () => {} }
      case 'absent':
        return {}
      default:
        return this.#forOwnDevice()
    }
  }

  #forCpu(range?: Range): Hook {
    return (_buffer, direction) => {
      for (const mapping of this.#mapped) this.#dma.syncForCpu(mapping, direction, range)
    }
  }

  #forDevice(range?: Range): Hook {
    return (_buffer, direction) => {
      for (const mapping of this.#mapped) this.#dma.syncForDevice(mapping, direction, range)
    }
  }

  #always(direction: DmaDirection): Pick<DmaBufOps, 'beginCpuAccess' | 'endCpuAccess'> {
    const forCpu = this.#forCpu()
    const forDevice = this.#forDevice()
    return {
      beginCpuAccess: (buffer) => forCpu(buffer, direction),
      endCpuAccess: (buffer) => forDevice(buffer, direction),
    }
  }

  #forOldest(): Pick<DmaBufOps, 'beginCpuAccess' | 'endCpuAccess'> {
    return {
      beginCpuAccess: (_buffer, direction) => {
        for (const oldest of [...this.#mapped].slice(0, 1)) this.#dma.syncForCpu(oldest, direction)
      },
      endCpuAccess: (_buffer, direction) => {
        for (const oldest of [...this.#mapped].slice(0, 1)) {
          this.#dma.syncForDevice(oldest, direction)
        }
      },
    }
  }

  /** As udmabuf does it. */
  #forOwnDevice(): Pick<DmaBufOps, 'beginCpuAccess' | 'endCpuAccess'> {
    const device = this.#hooks === 'own-coherent-device' ? 'coherent-pseudo' : 'pseudo'
    const skipCpuSync = this.#hooks === 'own-device-skips'
    return {
      beginCpuAccess: ({ inode: buffer }, direction) => {
        const own = this.#own
        if (own !== undefined) return this.#dma.syncForCpu(own, direction)
        const { table } = this
        const request = { device, table, direction, skipCpuSync, buffer, driver: DRIVER }
        this.#own = this.#dma.map(request)
        if (skipCpuSync) this.#dma.syncForCpu(this.#own, direction)
      },
      endCpuAccess: (_buffer, direction) => {
        if (this.#own !== undefined) this.#dma.syncForDevice(this.#own, direction)
      },
    }
  }
}
