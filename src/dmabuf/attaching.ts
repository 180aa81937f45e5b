/**
 * Attachments and their mappings: attach, pin, map, move, unmap, detach.
 * Source: drivers/dma-buf/dma-buf.c of Linux 6.12.
 */
import type { DmaLayer } from '../dma/dma-layer.ts'
import type { DmaMapping } from '../dma/mapping.ts'
import type { DmaDirection, DriverName } from '../events/event.ts'
import { KernelError } from '../machine/kernel-error.ts'
import type { Machine } from '../machine/machine.ts'
import { Attachment, type Importer } from './attachment.ts'
import type { DmaBuf } from './dma-buf.ts'
import { mustHold, mustNotHold } from './locking.ts'
import { KERNEL, reportMisuse } from './misuse.ts'
import type { Operation, Operations } from './operations.ts'
import { mappingProblem, notMapping } from './returned.ts'

export class Attaching {
  readonly #machine: Machine
  readonly #dma: DmaLayer
  readonly #operations: Operations
  /** CONFIG_DMABUF_MOVE_NOTIFY: without it, whatever is mapped is pinned. */
  readonly #moveNotify: boolean
  #attachments = 0

  constructor(
    parts: { machine: Machine; dma: DmaLayer; operations: Operations },
    moveNotify: boolean,
  ) {
    this.#machine = parts.machine
    this.#dma = parts.dma
    this.#operations = parts.operations
    this.#moveNotify = moveNotify
  }

  /** May sleep. See DmaBufCore.attach. */
  async attach(buffer: DmaBuf, device: string, importer: Importer): Promise<Attachment> {
    const driver = importer.driver ?? KERNEL
    mustNotHold(this.#machine, buffer, 'dma_buf_attach', driver)
    this.#checkArguments(buffer, device, importer)
    this.#machine.faults.pass('attach')
    const attachment = new Attachment(++this.#attachments, buffer, device, importer)
    const { ops } = buffer
    if (ops.attach !== undefined) {
      const operation = exporterOperation('attach', attachment)
      await this.#operations.run(operation, () => ops.attach?.(buffer, attachment))
    }
    await buffer.resv.run(() => buffer.attachments.add(attachment))
    this.#machine.cost.attachments++
    this.#emit('attach', attachment)
    if (attachment.isDynamic !== buffer.isDynamic) await this.#premap(attachment)
    return attachment
  }

  detach(buffer: DmaBuf, attachment: Attachment, driver: DriverName): void {
    const mismatch = detachProblem(buffer, attachment)
    if (mismatch !== undefined) {
      const inode = buffer?.inode
      const what = { operation: 'dma_buf_detach', driver, buffer: inode, text: mismatch }
      reportMisuse(this.#machine, { code: 'detach-mismatch', ...what })
      return
    }
    mustNotHold(this.#machine, buffer, 'dma_buf_detach', driver)
    this.#dropCached(attachment)
    this.#tellLeftMappings(attachment)
    attachment.detached = true
    buffer.attachments.delete(attachment)
    if (buffer.ops.detach !== undefined) {
      const operation = exporterOperation('detach', attachment)
      this.#operations.tell(operation, () => buffer.ops.detach?.(buffer, attachment))
    }
    this.#emit('detach', attachment)
  }

  /** Detaches without a question, with all that is mapped: the kernel ends. */
  end(attachment: Attachment): void {
    this.#dropCached(attachment)
    for (const mapping of [...attachment.mappings]) {
      this.#unmapNow(attachment, mapping, mapping.direction)
    }
    this.detach(attachment.buffer, attachment, attachment.driver)
  }

  /** May sleep. dma_buf_map_attachment below the check of the lock. */
  async map(attachment: Attachment, direction: DmaDirection): Promise<DmaMapping> {
    this.#checkAttached(attachment, 'dma_buf_map_attachment')
    const { cached, buffer } = attachment
    if (cached !== undefined) return cachedFor(attachment, cached, direction)
    const pins = buffer.isDynamic && !this.#moveNotify
    if (pins) await this.#pin(attachment)
    let mapping: DmaMapping
    try {
      mapping = await this.#mapNew(attachment, direction)
    } catch (error) {
      if (pins) this.#unpin(attachment)
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
    this.#unmapNow(attachment, mapping, direction)
    if (attachment.buffer.isDynamic && !this.#moveNotify) this.#unpin(attachment)
  }

  /** May sleep. */
  async pin(attachment: Attachment): Promise<void> {
    this.#checkPins(attachment, 'dma_buf_pin')
    await this.#pin(attachment)
  }

  unpin(attachment: Attachment): void {
    this.#checkPins(attachment, 'dma_buf_unpin')
    this.#unpin(attachment)
  }

  /** Calls every dynamic importer, in the order of the list. */
  moveNotify(buffer: DmaBuf): void {
    for (const attachment of buffer.attachments) {
      const { importerOps, driver, device, id } = attachment
      if (importerOps === undefined) continue
      const given = `attachment ${id} of ${device}`
      const operation = { name: 'move_notify', driver, buffer: buffer.inode, device, given }
      this.#operations.tell(operation, () => importerOps.moveNotify(attachment))
    }
  }

  /** One side cannot move: what it needs is mapped now and stays, in both directions. */
  async #premap(attachment: Attachment): Promise<void> {
    try {
      await attachment.buffer.resv.run(() => this.#pinAndMap(attachment))
    } catch (error) {
      this.detach(attachment.buffer, attachment, attachment.driver)
      throw error
    }
  }

  async #pinAndMap(attachment: Attachment): Promise<void> {
    const { isDynamic } = attachment.buffer
    if (isDynamic) await this.#pin(attachment)
    try {
      const mapping = await this.#mapNew(attachment, 'bidirectional')
      attachment.cached = { mapping, direction: 'bidirectional' }
    } catch (error) {
      if (isDynamic) this.#unpin(attachment)
      throw error
    }
  }

  async #mapNew(attachment: Attachment, direction: DmaDirection): Promise<DmaMapping> {
    const { ops } = attachment.buffer
    const operation = exporterOperation('map_dma_buf', attachment, direction)
    this.#machine.faults.pass('map_dma_buf')
    const returned = await this.#operations.run(operation, () =>
      ops.mapDmaBuf(attachment, direction),
    )
    if (returned === null || returned === undefined) {
      throw new KernelError('ENOMEM', `exporter ${attachment.buffer.exporter} mapped nothing`)
    }
    const isMapping = this.#dma.isMapping(returned)
    const problem = isMapping ? mappingProblem(returned, attachment) : notMapping(returned)
    if (problem !== undefined) throw this.#refuseMapping(operation, attachment, returned, problem)
    attachment.mappings.add(returned)
    return returned
  }

  /** A mapping that was made for this attachment goes back; any other is somebody else's. */
  #refuseMapping(
    operation: Operation,
    attachment: Attachment,
    mapping: DmaMapping,
    problem: string,
  ): KernelError {
    const failure = this.#operations.returned(operation, problem)
    if (this.#dma.isMapping(mapping) && mapping.live && mapping.attachment === attachment.id) {
      this.#unmapNow(attachment, mapping, mapping.direction)
    }
    return failure
  }

  #unmapNow(attachment: Attachment, mapping: DmaMapping, direction: DmaDirection): void {
    attachment.mappings.delete(mapping)
    const operation = exporterOperation('unmap_dma_buf', attachment, direction)
    this.#operations.tell(operation, () =>
      attachment.buffer.ops.unmapDmaBuf(attachment, mapping, direction),
    )
  }

  #dropCached(attachment: Attachment): void {
    const { cached, buffer } = attachment
    if (cached === undefined) return
    attachment.cached = undefined
    this.#unmapNow(attachment, cached.mapping, cached.direction)
    if (buffer.isDynamic) this.#unpin(attachment)
  }

  async #pin(attachment: Attachment): Promise<void> {
    const { ops } = attachment.buffer
    if (ops.pin === undefined) return
    this.#machine.faults.pass('pin')
    const operation = exporterOperation('pin', attachment)
    await this.#operations.run(operation, () => ops.pin?.(attachment))
  }

  #unpin(attachment: Attachment): void {
    const { ops } = attachment.buffer
    if (ops.unpin === undefined) return
    const operation = exporterOperation('unpin', attachment)
    this.#operations.tell(operation, () => ops.unpin?.(attachment))
  }

  #checkPins(attachment: Attachment, operation: string): void {
    this.#checkAttached(attachment, operation)
    const { isDynamic, buffer, driver, device } = attachment
    mustHold(this.#machine, buffer, operation, driver)
    if (isDynamic) return
    const text = `${operation}: attachment ${attachment.id} of ${device} is static, and pinned by itself`
    const what = { operation, driver, device, buffer: buffer.inode, text }
    reportMisuse(this.#machine, { code: 'pin-static', ...what })
  }

  #checkArguments(buffer: DmaBuf, device: string, { ops, driver = KERNEL }: Importer): void {
    const problem =
      typeof device !== 'string' || device === ''
        ? `device is ${String(device)}: it must be a device's name`
        : ops !== undefined && typeof ops?.moveNotify !== 'function'
          ? 'the importer brings operations without moveNotify'
          : undefined
    if (problem === undefined) return
    const operation = 'dma_buf_dynamic_attach'
    const what = { operation, driver, buffer: buffer.inode, text: problem }
    reportMisuse(this.#machine, { code: 'attach-arguments', ...what })
    throw new KernelError('EINVAL', problem)
  }

  #checkAttached({ detached, buffer, driver, device, id }: Attachment, operation: string): void {
    if (!detached && !buffer.released) return
    const gone = detached ? 'was detached' : `is of buffer ${buffer.inode}, which was released`
    const text = `${operation}: attachment ${id} of ${device} ${gone}`
    const what = { operation, driver, device, buffer: buffer.inode, text }
    reportMisuse(this.#machine, { code: 'use-after-release', ...what })
  }

  #tellLeftMappings({ mappings, driver, device, buffer, id }: Attachment): void {
    for (const mapping of mappings) {
      const operation = 'dma_buf_detach'
      const text = `${operation}: mapping ${mapping.id} of attachment ${id} of ${device} was not unmapped`
      const what = { operation, driver, device, buffer: buffer.inode, mapping: mapping.id, text }
      reportMisuse(this.#machine, { code: 'attachment-mapping-leak', ...what })
    }
  }

  #emit(kind: 'attach' | 'detach', { id, buffer, device }: Attachment): void {
    this.#machine.events.emit({ kind, buffer: buffer.inode, attachment: id, device })
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

function detachProblem(buffer: DmaBuf, attachment: Attachment): string | undefined {
  if (buffer === undefined || buffer === null) return 'dma_buf_detach was given no buffer'
  if (attachment === undefined || attachment === null) return 'dma_buf_detach was given nothing'
  const { id, device } = attachment
  if (attachment.buffer !== buffer) {
    return `attachment ${id} of ${device} is of buffer ${attachment.buffer.inode}, not ${buffer.inode}`
  }
  return attachment.detached ? `attachment ${id} of ${device} was detached already` : undefined
}

function exporterOperation(
  name: string,
  { id, device, buffer }: Attachment,
  direction?: DmaDirection,
): Operation {
  const { driver, inode, origin } = buffer
  const given = `attachment ${id} of ${device}${direction === undefined ? '' : `, ${direction}`}`
  return { name, driver, buffer: inode, device, given, origin }
}
