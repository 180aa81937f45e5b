import type { DriverName } from '../../events/event.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import type { Machine } from '../../machine/machine.ts'
import type { DmaBuf } from './dma-buf.ts'
import { KernelMapping } from './kernel-mapping.ts'
import { reportMisuse } from './misuse.ts'
import type { Operation, Operations } from './operations.ts'
import type { CpuPages } from './ops.ts'
import { pagesProblem } from './returned.ts'

/** The result of the exporter's vmap, its count, and each driver's own view of it. */
export interface Vmapped {
  readonly pages: CpuPages
  count: number
  /** By driver, the agent of the accesses in events. */
  readonly views: Map<string, { readonly mapping: KernelMapping; count: number }>
}

/**
 * Mappings of buffers into the kernel: one a buffer, counted. Each driver gets its own object for
 * it, so that a load or a store has its agent. Source: dma_buf_vmap and dma_buf_vunmap in
 * drivers/dma-buf/dma-buf.c of Linux 6.12.
 */
export class Vmaps {
  readonly #machine: Machine
  readonly #operations: Operations
  #mappings = 0

  constructor(machine: Machine, operations: Operations) {
    this.#machine = machine
    this.#operations = operations
  }

  /** May sleep. The buffer's mapping, made by the exporter the first time. */
  async map(buffer: DmaBuf, driver: DriverName): Promise<KernelMapping> {
    const { ops, exporter } = buffer
    if (ops.vmap === undefined) {
      throw new KernelError('EINVAL', `exporter ${exporter} has no vmap operation`)
    }
    buffer.vmapped ??= { pages: await this.#make(buffer), count: 0, views: new Map() }
    const { vmapped } = buffer
    const view = vmapped.views.get(driver.name) ?? {
      mapping: this.#viewOf(buffer, vmapped.pages, driver),
      count: 0,
    }
    vmapped.views.set(driver.name, view)
    vmapped.count++
    view.count++
    return view.mapping
  }

  /** Does not sleep. The last one takes the mapping away. */
  unmap(buffer: DmaBuf, mapping: KernelMapping, driver: DriverName): void {
    const problem = unmapProblem(buffer, mapping)
    if (problem !== undefined) {
      const what = { operation: 'dma_buf_vunmap', driver, buffer: buffer.inode, text: problem }
      reportMisuse(this.#machine, { code: 'vunmap-unbalanced', ...what })
      return
    }
    const { vmapped } = buffer
    const view = vmapped?.views.get(mapping.info.driver.name)
    if (vmapped === undefined || view === undefined) return
    vmapped.count--
    if (--view.count === 0) {
      vmapped.views.delete(mapping.info.driver.name)
      mapping.end()
    }
    if (vmapped.count === 0) this.#end(buffer, vmapped)
  }

  /** The buffer is released: a mapping that is left is reported, and removed. */
  release(buffer: DmaBuf): void {
    const { vmapped } = buffer
    if (vmapped === undefined) return
    for (const { mapping, count } of vmapped.views.values()) {
      const { driver, origin } = mapping.info
      const text = `buffer ${buffer.inode} is released with ${count} vmap not taken back`
      const what = { operation: 'dma_buf_release', driver, buffer: buffer.inode, text, origin }
      reportMisuse(this.#machine, { code: 'vmap-leak', ...what })
      mapping.end()
    }
    this.#end(buffer, vmapped)
  }

  async #make(buffer: DmaBuf): Promise<CpuPages> {
    this.#machine.faults.pass('vmap')
    const operation = exporterOperation('vmap', buffer)
    const pages = await this.#operations.run(operation, () => buffer.ops.vmap?.(buffer))
    const problem = pagesProblem(pages, buffer.size)
    if (pages === undefined || problem !== undefined) {
      throw this.#operations.returned(operation, problem ?? 'no pages')
    }
    return pages
  }

  #viewOf({ inode, size }: DmaBuf, pages: CpuPages, driver: DriverName): KernelMapping {
    const { origin } = this.#machine.scheduler.current
    const id = -++this.#mappings
    return new KernelMapping(this.#machine, { id, buffer: inode, size, pages, driver, origin })
  }

  #end(buffer: DmaBuf, { pages }: Vmapped): void {
    buffer.vmapped = undefined
    const { ops } = buffer
    if (ops.vunmap === undefined) return
    this.#operations.tell(exporterOperation('vunmap', buffer), () => ops.vunmap?.(buffer, pages))
  }
}

function unmapProblem({ vmapped, inode }: DmaBuf, mapping: KernelMapping): string | undefined {
  if (vmapped === undefined) return `buffer ${inode} has no vmap that was not taken back`
  for (const view of vmapped.views.values()) if (view.mapping === mapping) return undefined
  return `buffer ${inode} was given another mapping than vmap returned`
}

function exporterOperation(name: string, { driver, inode, origin }: DmaBuf): Operation {
  return { name, driver, buffer: inode, given: `buffer ${inode}`, origin }
}
