/**
 * Attachments: attach, pin, move, detach.
 * Source: drivers/dma-buf/dma-buf.c of Linux 6.12.
 */
import type { DriverName } from '../../events/event.ts'
import type { Machine } from '../../machine/machine.ts'
import {
  checkArguments,
  checkAttached,
  detachProblem,
  exporterOperation,
  tellLeftMappings,
} from './attach-checks.ts'
import { Attachment, type Importer } from './attachment.ts'
import { AttachmentMappings, type MappingParts } from './attachment-mappings.ts'
import type { DmaBuf } from './dma-buf.ts'
import { mustHold, mustNotHold } from './locking.ts'
import { KERNEL, reportMisuse } from './misuse.ts'
import type { Operations } from './operations.ts'

export class Attaching {
  readonly mappings: AttachmentMappings
  readonly #machine: Machine
  readonly #operations: Operations
  #attachments = 0

  constructor(parts: MappingParts, moveNotify: boolean) {
    this.#machine = parts.machine
    this.#operations = parts.operations
    this.mappings = new AttachmentMappings(parts, moveNotify)
  }

  /** May sleep. See DmaBufCore.attach. */
  async attach(buffer: DmaBuf, device: string, importer: Importer): Promise<Attachment> {
    const driver = importer.driver ?? KERNEL
    mustNotHold(this.#machine, buffer, 'dma_buf_attach', driver)
    checkArguments(this.#machine, buffer, device, importer)
    this.#machine.faults.pass('attach')
    const { origin } = this.#machine.scheduler.current
    const attachment = new Attachment(++this.#attachments, buffer, device, { ...importer, origin })
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
    this.mappings.dropCached(attachment)
    tellLeftMappings(this.#machine, attachment)
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
    this.mappings.dropCached(attachment)
    for (const mapping of [...attachment.mappings]) {
      this.mappings.unmapNow(attachment, mapping, mapping.direction)
    }
    this.detach(attachment.buffer, attachment, attachment.driver)
  }

  /** May sleep. */
  async pin(attachment: Attachment): Promise<void> {
    this.#checkPins(attachment, 'dma_buf_pin')
    await this.mappings.pin(attachment)
  }

  unpin(attachment: Attachment): void {
    this.#checkPins(attachment, 'dma_buf_unpin')
    this.mappings.unpin(attachment)
  }

  /** Calls every dynamic importer, in the order of the list. */
  moveNotify(buffer: DmaBuf): void {
    for (const attachment of buffer.attachments) {
      const { importerOps, driver, device, id } = attachment
      if (importerOps === undefined) continue
      const what = { buffer: buffer.inode, attachment: id, device }
      this.#machine.events.emit({ kind: 'move-notify', ...what })
      const given = `attachment ${id} of ${device}`
      const operation = { name: 'move_notify', driver, buffer: buffer.inode, device, given }
      this.#operations.tell(operation, () => importerOps.moveNotify(attachment))
    }
  }

  async #premap(attachment: Attachment): Promise<void> {
    try {
      await this.mappings.premap(attachment)
    } catch (error) {
      this.detach(attachment.buffer, attachment, attachment.driver)
      throw error
    }
  }

  #checkPins(attachment: Attachment, operation: string): void {
    checkAttached(this.#machine, attachment, operation)
    const { isDynamic, buffer, driver, device } = attachment
    mustHold(this.#machine, buffer, operation, driver)
    if (isDynamic) return
    const text = `${operation}: attachment ${attachment.id} of ${device} is static, and pinned by itself`
    const what = { operation, driver, device, buffer: buffer.inode, text }
    reportMisuse(this.#machine, { code: 'pin-static', ...what })
  }

  #emit(kind: 'attach' | 'detach', { id, buffer, device }: Attachment): void {
    this.#machine.events.emit({ kind, buffer: buffer.inode, attachment: id, device })
  }
}
