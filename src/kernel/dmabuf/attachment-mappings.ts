/**
 * The mappings of attachments, and the pins that they need.
 * Source: drivers/dma-buf/dma-buf.c of Linux 6.12.
 */

import type { DmaDirection } from '../../events/event.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import type { Machine } from '../../machine/machine.ts'
import type { DmaLayer } from '../dma/dma-layer.ts'
import { ImporterFrame } from '../dma/importer-frame.ts'
import type { DmaMapping } from '../dma/mapping.ts'
import {
  checkAttached,
  checkMapped,
  checkUnmapDirection,
  exporterOperation,
} from './attach-checks.ts'
import type { Attachment } from './attachment.ts'
import { reportMisuse } from './misuse.ts'
import type { Operation, Operations } from './operations.ts'
import { mappingProblem, notMapping } from './returned.ts'

/** The parts of the kernel that mapping needs. */
export interface MappingParts {
  readonly machine: Machine
  readonly dma: DmaLayer
  readonly operations: Operations
}

export class AttachmentMappings {
  readonly #machine: Machine
  readonly #dma: DmaLayer
  readonly #operations: Operations
  /** CONFIG_DMABUF_MOVE_NOTIFY: without it, mapped memory is pinned. */
  readonly #moveNotify: boolean
  /** The direction that the importer asked for, of each mapping. */
  readonly #asked = new WeakMap<DmaMapping, DmaDirection>()

  constructor({ machine, dma, operations }: MappingParts, moveNotify: boolean) {
    this.#machine = machine
    this.#dma = dma
    this.#operations = operations
    this.#moveNotify = moveNotify
  }

  /** May sleep. dma_buf_map_attachment below the check of the lock. */
  async map(
    attachment: Attachment,
    direction: DmaDirection,
    signal?: AbortSignal,
  ): Promise<DmaMapping> {
    checkAttached(this.#machine, attachment, 'dma_buf_map_attachment')
    const { cached, buffer } = attachment
    if (cached !== undefined) return cachedFor(attachment, cached, direction)
    const pins = buffer.isDynamic && !this.#moveNotify
    if (pins) await this.pin(attachment)
    let mapping: DmaMapping
    try {
      mapping = await this.#mapNew(attachment, direction, signal)
    } catch (error) {
      if (pins) this.unpin(attachment)
      throw error
    }
    if (buffer.ops.cacheSgtMapping === true) attachment.cached = { mapping, direction }
    return mapping
  }

  /** dma_buf_unmap_attachment below the check of the lock. Does not sleep. */
  unmap(attachment: Attachment, mapping: DmaMapping, direction: DmaDirection): void {
    if (typeof mapping !== 'object' || mapping === null) {
      const { driver, device } = attachment
      const operation = 'dma_buf_unmap_attachment'
      const text = `${operation} was given ${String(mapping)} for a mapping`
      reportMisuse(this.#machine, { code: 'attach-arguments', operation, driver, device, text })
      return
    }
    if (attachment.cached?.mapping === mapping) return
    if (!checkMapped(this.#machine, attachment, mapping)) return
    const asked = this.#asked.get(mapping) ?? direction
    checkUnmapDirection(this.#machine, attachment, mapping, { asked, direction })
    this.unmapNow(attachment, mapping, direction)
    if (attachment.buffer.isDynamic && !this.#moveNotify) this.unpin(attachment)
  }

  /** One side cannot move: the mapping is made now and stays, in both directions. */
  async premap(attachment: Attachment): Promise<void> {
    await attachment.buffer.resv.run(() => this.#pinAndMap(attachment))
  }

  async #pinAndMap(attachment: Attachment): Promise<void> {
    const { isDynamic } = attachment.buffer
    if (isDynamic) await this.pin(attachment)
    try {
      const mapping = await this.#mapNew(attachment, 'bidirectional')
      attachment.cached = { mapping, direction: 'bidirectional' }
    } catch (error) {
      if (isDynamic) this.unpin(attachment)
      throw error
    }
  }

  async #mapNew(
    attachment: Attachment,
    direction: DmaDirection,
    signal?: AbortSignal,
  ): Promise<DmaMapping> {
    const { ops } = attachment.buffer
    const operation = exporterOperation('map_dma_buf', attachment, direction)
    this.#machine.faults.pass('map_dma_buf')
    const returned = await this.#inImporter(attachment, direction, () =>
      this.#operations.run(operation, () => ops.mapDmaBuf(attachment, direction)),
    )
    if (returned === null) {
      throw new KernelError('ENOMEM', `exporter ${attachment.buffer.exporter} mapped nothing`)
    }
    const isMapping = this.#dma.isMapping(returned)
    const problem = isMapping ? mappingProblem(returned, attachment) : notMapping(returned)
    if (problem !== undefined) throw this.#refuseMapping(operation, attachment, returned, problem)
    attachment.mappings.add(returned)
    this.#asked.set(returned, direction)
    if (!attachment.isDynamic) await this.#waitForMemory(attachment, returned, signal)
    return returned
  }

  /** Who copes with moves waits by itself; for others the memory must have come to rest. EINTR. */
  async #waitForMemory(
    attachment: Attachment,
    mapping: DmaMapping,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { resv } = attachment.buffer
    if (resv.isSignaled('kernel') || (await resv.waitForFences('kernel', signal))) return
    this.unmapNow(attachment, mapping, mapping.direction)
    throw new KernelError('EINTR', 'the wait for the memory of the buffer was interrupted')
  }

  /** A mapping of this attachment is unmapped; any other belongs to another one. */
  #refuseMapping(
    operation: Operation,
    attachment: Attachment,
    mapping: DmaMapping,
    problem: string,
  ): KernelError {
    const failure = this.#operations.returned(operation, problem)
    if (this.#dma.isMapping(mapping) && mapping.live && mapping.attachment === attachment.id) {
      this.unmapNow(attachment, mapping, mapping.direction)
    }
    return failure
  }

  unmapNow(attachment: Attachment, mapping: DmaMapping, direction: DmaDirection): void {
    attachment.mappings.delete(mapping)
    const operation = exporterOperation('unmap_dma_buf', attachment, direction)
    this.#inImporter(attachment, direction, () =>
      this.#operations.tell(operation, () =>
        attachment.buffer.ops.unmapDmaBuf(attachment, mapping, direction),
      ),
    )
  }

  #inImporter<T>({ id, driver }: Attachment, direction: DmaDirection, body: () => T): T {
    const task = this.#machine.scheduler.current
    return task.run(new ImporterFrame(task, id, driver, direction), body)
  }

  dropCached(attachment: Attachment): void {
    const { cached, buffer } = attachment
    if (cached === undefined) return
    attachment.cached = undefined
    this.unmapNow(attachment, cached.mapping, cached.direction)
    if (buffer.isDynamic) this.unpin(attachment)
  }

  async pin(attachment: Attachment): Promise<void> {
    const { ops } = attachment.buffer
    if (ops.pin === undefined) return
    this.#machine.faults.pass('pin')
    const operation = exporterOperation('pin', attachment)
    await this.#operations.run(operation, () => ops.pin?.(attachment))
  }

  unpin(attachment: Attachment): void {
    const { ops } = attachment.buffer
    if (ops.unpin === undefined) return
    const operation = exporterOperation('unpin', attachment)
    this.#operations.tell(operation, () => ops.unpin?.(attachment))
  }
}

function cachedFor(
  { id, device }: Attachment,
  { mapping, direction: kept }: NonNullable<Attachment['cached']>,
  direction: DmaDirection,
): DmaMapping {
  if (kept === direction || kept === 'bidirectional') return mapping
  throw new KernelError(
    'EBUSY',
    `attachment ${id} of ${device} keeps a mapping ${kept}, and ${direction} was asked`,
  )
}
