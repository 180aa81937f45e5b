import type { DriverName } from '../events/event.ts'
import { KernelError } from '../machine/kernel-error.ts'
import type { Machine } from '../machine/machine.ts'
import type { DmaBuf } from './dma-buf.ts'
import { KernelMapping } from './kernel-mapping.ts'
import { reportMisuse } from './misuse.ts'
import type { Operation, Operations } from './operations.ts'
import { pagesProblem } from './returned.ts'

/**
 * Mappings of buffers into the kernel: one a buffer, counted.
 * Source: dma_buf_vmap and dma_buf_vunmap in drivers/dma-buf/dma-buf.c of Linux 6.12.
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
    if (buffer.vmapped === undefined) {
      buffer.vmapped = { mapping: await this.#make(buffer, driver), count: 0 }
    }
    buffer.vmapped.count++
    return buffer.vmapped.mapping
  }

  /** Does not sleep. The last one takes the mapping away. */
  unmap(buffer: DmaBuf, mapping: KernelMapping, driver: DriverName): void {
    const problem = unmapProblem(buffer, mapping)
    if (problem !== undefined) {
      const what = { operation: 'dma_buf_vunmap', driver, buffer: buffer.inode, text: problem }
      reportMisuse(this.#machine, { code: 'vunmap-unbalanced', ...what })
      return
    }
    if (buffer.vmapped === undefined || --buffer.vmapped.count > 0) return
    this.#end(buffer, mapping)
  }

  /** The buffer goes: a mapping that is left is told, and taken away. */
  release(buffer: DmaBuf): void {
    if (buffer.vmapped === undefined) return
    const { mapping, count } = buffer.vmapped
    const { driver, origin } = mapping.info
    const text = `buffer ${buffer.inode} is released with ${count} vmap not taken back`
    const what = { operation: 'dma_buf_release', driver, buffer: buffer.inode, text, origin }
    reportMisuse(this.#machine, { code: 'vmap-leak', ...what })
    this.#end(buffer, mapping)
  }

  async #make(buffer: DmaBuf, driver: DriverName): Promise<KernelMapping> {
    this.#machine.faults.pass('vmap')
    const operation = exporterOperation('vmap', buffer)
    const pages = await this.#operations.run(operation, () => buffer.ops.vmap?.(buffer))
    const problem = pagesProblem(pages, buffer.size)
    if (pages === undefined || problem !== undefined) {
      throw this.#operations.returned(operation, problem ?? 'no pages')
    }
    const { inode, size } = buffer
    const { origin } = this.#machine.scheduler.current
    const id = -++this.#mappings
    return new KernelMapping(this.#machine, { id, buffer: inode, size, pages, driver, origin })
  }

  #end(buffer: DmaBuf, mapping: KernelMapping): void {
    buffer.vmapped = undefined
    mapping.end()
    const { ops } = buffer
    if (ops.vunmap === undefined) return
    this.#operations.tell(exporterOperation('vunmap', buffer), () =>
      ops.vunmap?.(buffer, mapping.info.pages),
    )
  }
}

function unmapProblem({ vmapped, inode }: DmaBuf, mapping: KernelMapping): string | undefined {
  if (vmapped === undefined) return `buffer ${inode} has no vmap that was not taken back`
  if (vmapped.mapping === mapping) return undefined
  return `buffer ${inode} was given another mapping than vmap returned`
}

function exporterOperation(name: string, { driver, inode, origin }: DmaBuf): Operation {
  return { name, driver, buffer: inode, given: `buffer ${inode}`, origin }
}
