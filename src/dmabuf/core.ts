/**
 * The dma-buf core: export, attach, map, CPU access, mmap and references, with the checks, the order
 * and the errors of the kernel's. Methods that return a promise may sleep.
 * Source: drivers/dma-buf/dma-buf.c of Linux 6.12, and Documentation/driver-api/dma-buf.rst.
 */
import { directionOf } from '../dma/direction.ts'
import type { DmaLayer } from '../dma/dma-layer.ts'
import type { DmaMapping } from '../dma/mapping.ts'
import type { CpuAccess, DmaDirection } from '../events/event.ts'
import { KernelError } from '../machine/kernel-error.ts'
import type { Machine } from '../machine/machine.ts'
import { PAGE_SIZE } from '../machine/ram.ts'
import { Attachment } from './attachment.ts'
import { DmaBuf } from './dma-buf.ts'
import type { CpuPages, DmaBufOps } from './ops.ts'

export interface ExportInfo {
  readonly exporter: string
  readonly size: number
  readonly ops: DmaBufOps
  readonly priv: unknown
}

const LONGEST_NAME = 31

export class DmaBufCore {
  readonly #machine: Machine
  readonly #dma: DmaLayer
  readonly #live = new Map<number, DmaBuf>()
  #inodes = 0
  #attachments = 0

  constructor(machine: Machine, dma: DmaLayer) {
    this.#machine = machine
    this.#dma = dma
  }

  /** The buffers that exist, newest first, as debugfs lists them. */
  get buffers(): DmaBuf[] {
    return [...this.#live.values()].reverse()
  }

  /** dma_buf_export: a buffer with one reference. EINVAL for operations or data that are missing. */
  export(info: ExportInfo): DmaBuf {
    requireOps(info)
    const buffer = new DmaBuf(++this.#inodes, info)
    this.#live.set(buffer.inode, buffer)
    this.#machine.events.emit({
      kind: 'export',
      buffer: buffer.inode,
      size: buffer.size,
      exporter: buffer.exporter,
    })
    return buffer
  }

  /** get_dma_buf: one more reference. */
  get(buffer: DmaBuf): DmaBuf {
    buffer.references++
    return buffer
  }

  /** dma_buf_put: one reference less; the exporter releases at zero. */
  put(buffer: DmaBuf): void {
    buffer.references--
    if (buffer.references > 0 || buffer.released) return
    buffer.released = true
    this.#live.delete(buffer.inode)
    this.#machine.events.emit({ kind: 'release', buffer: buffer.inode })
    buffer.ops.release(buffer)
  }

  /** dma_buf_attach: `device` announces its use. The exporter's own error passes through. */
  async attach(buffer: DmaBuf, device: string): Promise<Attachment> {
    const attachment = new Attachment(++this.#attachments, buffer, device)
    await buffer.ops.attach?.(buffer, attachment)
    buffer.attachments.unshift(attachment)
    this.#machine.cost.attachments++
    this.#emitAttach('attach', attachment)
    return attachment
  }

  /** dma_buf_detach. */
  detach(attachment: Attachment): void {
    const { buffer } = attachment
    const index = buffer.attachments.indexOf(attachment)
    if (index === -1) return
    buffer.attachments.splice(index, 1)
    buffer.ops.detach?.(buffer, attachment)
    this.#emitAttach('detach', attachment)
  }

  /** dma_buf_map_attachment. The exporter's error passes through. */
  async mapAttachment(attachment: Attachment, direction: DmaDirection): Promise<DmaMapping> {
    const mapping = await attachment.buffer.ops.mapDmaBuf(attachment, direction)
    attachment.mappings.add(mapping)
    return mapping
  }

  /** dma_buf_unmap_attachment. Does not sleep. */
  unmapAttachment(attachment: Attachment, mapping: DmaMapping, direction: DmaDirection): void {
    attachment.mappings.delete(mapping)
    attachment.buffer.ops.unmapDmaBuf(attachment, mapping, direction)
  }

  /**
   * dma_buf_begin_cpu_access: the exporter makes the buffer ready for the CPU. The core keeps no
   * balance: nested, unpaired and differing calls are all accepted. Returns the devices synced for.
   */
  async beginCpuAccess(buffer: DmaBuf, access: CpuAccess): Promise<string[]> {
    this.#dma.takeSynced(buffer.inode)
    await buffer.ops.beginCpuAccess?.(buffer, directionOf(access))
    return this.#dma.takeSynced(buffer.inode)
  }

  /** dma_buf_end_cpu_access: the exporter makes the CPU's work visible. */
  async endCpuAccess(buffer: DmaBuf, access: CpuAccess): Promise<string[]> {
    this.#dma.takeSynced(buffer.inode)
    await buffer.ops.endCpuAccess?.(buffer, directionOf(access))
    return this.#dma.takeSynced(buffer.inode)
  }

  /**
   * Memory for a process to map. EINVAL where the exporter cannot, or where the range does not lie
   * within the buffer's whole pages: a buffer of 5000 bytes maps one page.
   */
  mmap(buffer: DmaBuf, offset: number, length: number): CpuPages {
    if (buffer.ops.mmap === undefined) {
      throw new KernelError('EINVAL', `exporter ${buffer.exporter} has no mmap operation`)
    }
    const pages = Math.floor(buffer.size / PAGE_SIZE)
    const needed = Math.ceil(length / PAGE_SIZE)
    if (offset / PAGE_SIZE + needed > pages) {
      throw new KernelError(
        'EINVAL',
        `bytes ${offset} to ${offset + length} lie beyond the ${pages} whole pages of the buffer`,
      )
    }
    return buffer.ops.mmap(buffer, offset, needed * PAGE_SIZE)
  }

  /** DMA_BUF_SET_NAME: EINVAL for a name longer than 31 bytes. */
  setName(buffer: DmaBuf, name: string): void {
    if (name.length > LONGEST_NAME) {
      throw new KernelError(
        'EINVAL',
        `the name has ${name.length} bytes, ${LONGEST_NAME} are allowed`,
      )
    }
    buffer.name = name
  }

  #emitAttach(kind: 'attach' | 'detach', { id, buffer, device }: Attachment): void {
    this.#machine.events.emit({ kind, buffer: buffer.inode, attachment: id, device })
  }
}

function requireOps(info: ExportInfo): void {
  const { ops, priv } = info
  const missing = (['mapDmaBuf', 'unmapDmaBuf', 'release'] as const).filter(
    (name) => typeof ops?.[name] !== 'function',
  )
  if (missing.length > 0) {
    throw new KernelError('EINVAL', `exporter ${info.exporter} lacks ${missing.join(', ')}`)
  }
  if (priv === undefined || priv === null) {
    throw new KernelError('EINVAL', `exporter ${info.exporter} exports no priv data`)
  }
}
