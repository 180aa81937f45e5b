/**
 * The dma-buf core: export, attach, map, CPU access, mmap, vmap and references, with the checks,
 * the order and the errors of the kernel's. Methods that return a promise may sleep.
 *
 * Callers pass their driver, so that broken contracts are reported under its name. Source:
 * drivers/dma-buf/dma-buf.c of Linux 6.12, and Documentation/driver-api/dma-buf.rst.
 */

import { DMA_BUF_NAME_LEN } from '../../abi/dma-buf.ts'
import { DMA_BUF_FILE_FLAGS } from '../../abi/fcntl.ts'
import type { CpuAccess, DmaDirection, DriverName, Range } from '../../events/event.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import type { Machine } from '../../machine/machine.ts'
import type { DmaLayer } from '../dma/dma-layer.ts'
import type { DmaMapping } from '../dma/mapping.ts'
import { Fences } from '../fence/fences.ts'
import { Reservation } from '../fence/reservation.ts'
import { checkAlive } from './alive.ts'
import { Attaching } from './attaching.ts'
import type { Attachment, Importer } from './attachment.ts'
import { openBrackets } from './brackets.ts'
import { CpuSide } from './cpu-side.ts'
import { DmaBuf } from './dma-buf.ts'
import { type ExportInfo, exportProblem } from './export-info.ts'
import type { MappedPages } from './file.ts'
import type { KernelMapping } from './kernel-mapping.ts'
import { mustHold, mustNotHold } from './locking.ts'
import { KERNEL, reportMisuse } from './misuse.ts'
import { Operations, operationOn } from './operations.ts'
import type { CpuPages } from './ops.ts'
import { Vmaps } from './vmaps.ts'

export type { ExportInfo } from './export-info.ts'

export interface CoreOptions {
  /** CONFIG_DMABUF_MOVE_NOTIFY, on when left out: without it, a dynamic buffer is pinned while mapped. */
  readonly moveNotify?: boolean | undefined
}

const LONGEST_NAME = DMA_BUF_NAME_LEN - 1
const ALL: Range = { start: 0, end: Number.POSITIVE_INFINITY }

export class DmaBufCore {
  /** The fences of this kernel. */
  readonly fences: Fences
  readonly #machine: Machine
  readonly #operations: Operations
  readonly #attaching: Attaching
  readonly #cpu: CpuSide
  readonly #vmaps: Vmaps
  readonly #live = new Map<number, DmaBuf>()
  #inodes = 0

  constructor(machine: Machine, dma: DmaLayer, { moveNotify = true }: CoreOptions = {}) {
    this.fences = new Fences(machine.scheduler)
    this.#machine = machine
    this.#operations = new Operations(machine)
    this.#attaching = new Attaching({ machine, dma, operations: this.#operations }, moveNotify)
    this.#cpu = new CpuSide({ machine, operations: this.#operations })
    this.#vmaps = new Vmaps(machine, this.#operations)
  }

  /** The buffers that exist, newest first, as debugfs lists them. */
  get buffers(): DmaBuf[] {
    return [...this.#live.values()].reverse()
  }

  /** Whether it is a buffer that exists. */
  isLive(buffer: DmaBuf): boolean {
    return typeof buffer === 'object' && buffer !== null && this.#live.get(buffer.inode) === buffer
  }

  // --- references ------------------------------------------------------------------------------

  /**
   * dma_buf_export: a buffer with one reference. EINVAL for operations or data that are missing or do
   * not go together, ENOMEM.
   */
  export(info: ExportInfo): DmaBuf {
    const { exporter, size, ops, priv, flags = 0, resv } = info
    const driver = info.driver ?? { name: exporter, modelled: true }
    const problem = exportProblem(info)
    if (problem !== undefined) {
      const text = `exporter ${exporter}: ${problem}`
      reportMisuse(this.#machine, {
        code: 'export-info',
        operation: 'dma_buf_export',
        driver,
        text,
      })
      throw new KernelError('EINVAL', text)
    }
    this.#machine.faults.pass('dma_buf_export')
    const inode = ++this.#inodes
    const own = resv ?? new Reservation(this.#machine.scheduler, lockName(inode))
    const buffer = new DmaBuf(inode, {
      size,
      exporter,
      driver,
      ops,
      priv,
      flags: flags & DMA_BUF_FILE_FLAGS,
      resv: own,
      origin: this.#machine.scheduler.current.origin,
    })
    mustNotHold(this.#machine, buffer, 'dma_buf_export', driver)
    this.#live.set(inode, buffer)
    const event = { kind: 'export', buffer: inode, size, exporter, driver } as const
    buffer.exported = this.#machine.events.emit(event)
    return buffer
  }

  /** get_dma_buf: one more reference. */
  get(buffer: DmaBuf, driver: DriverName = KERNEL): DmaBuf {
    checkAlive(this.#machine, buffer, 'get_dma_buf', driver)
    buffer.references++
    return buffer
  }

  /** dma_buf_put: one reference less; the exporter releases at zero. */
  put(buffer: DmaBuf, driver: DriverName = KERNEL): void {
    if (buffer.released) {
      const text = `buffer ${buffer.inode} of exporter ${buffer.exporter} was released already`
      const what = { operation: 'dma_buf_put', driver, buffer: buffer.inode, text }
      reportMisuse(this.#machine, { code: 'put-after-release', ...what })
      return
    }
    mustNotHold(this.#machine, buffer, 'dma_buf_put', driver)
    buffer.references--
    if (buffer.references <= 0) this.#release(buffer)
  }

  // --- devices ---------------------------------------------------------------------------------

  /**
   * May sleep. dma_buf_attach: `device` announces its use, a static importer. EINVAL, ENOMEM, and the
   * exporter's own error, of which EBUSY says that the device can never reach the storage.
   */
  async attach(buffer: DmaBuf, device: string, driver?: DriverName): Promise<Attachment> {
    return await this.dynamicAttach(buffer, device, { driver })
  }

  /**
   * May sleep. dma_buf_dynamic_attach: an importer with operations copes with moves. Where only one
   * side does, the buffer is pinned and mapped in both directions at once, for as long as it is attached.
   */
  async dynamicAttach(buffer: DmaBuf, device: string, importer: Importer): Promise<Attachment> {
    checkAlive(this.#machine, buffer, 'dma_buf_attach', importer.driver ?? KERNEL)
    return await this.#attaching.attach(buffer, device, importer)
  }

  /**
   * dma_buf_detach. The kernel takes the lock for its list; here no other task can come in between.
   */
  detach(buffer: DmaBuf, attachment: Attachment, driver: DriverName = KERNEL): void {
    this.#attaching.detach(buffer, attachment, driver)
  }

  /**
   * May sleep. dma_buf_map_attachment, with the lock held; a static importer waits for the fences of
   * memory management too. ENOMEM, EBUSY where another direction is kept, EINTR where `signal` ended
   * the wait, and the exporter's error.
   */
  async mapAttachment(
    attachment: Attachment,
    direction: DmaDirection,
    signal?: AbortSignal,
  ): Promise<DmaMapping> {
    mustHold(this.#machine, attachment.buffer, 'dma_buf_map_attachment', attachment.driver)
    return await this.#attaching.mappings.map(attachment, direction, signal)
  }

  /** May sleep. The same; takes the lock itself. */
  async mapAttachmentUnlocked(
    attachment: Attachment,
    direction: DmaDirection,
    signal?: AbortSignal,
  ): Promise<DmaMapping> {
    return await attachment.buffer.resv.run(() =>
      this.#attaching.mappings.map(attachment, direction, signal),
    )
  }

  /** dma_buf_unmap_attachment, with the lock held. Does not sleep. */
  unmapAttachment(attachment: Attachment, mapping: DmaMapping, direction: DmaDirection): void {
    mustHold(this.#machine, attachment.buffer, 'dma_buf_unmap_attachment', attachment.driver)
    this.#attaching.mappings.unmap(attachment, mapping, direction)
  }

  /** The same; takes the lock itself. Sleeps only if another task has it, undefined otherwise. */
  unmapAttachmentUnlocked(
    attachment: Attachment,
    mapping: DmaMapping,
    direction: DmaDirection,
  ): Promise<void> | undefined {
    const unmap = (): void => this.#attaching.mappings.unmap(attachment, mapping, direction)
    return attachment.buffer.resv.runSoon(unmap)
  }

  /**
   * Unmaps, detaches and drops a reference: the work of an importer when its file is released and
   * it cannot wait. While another task has the lock it happens later, as the kernel's last fput
   * does.
   */
  letGo(attachment: Attachment, mapping: DmaMapping, direction: DmaDirection): void {
    const { buffer, driver } = attachment
    const rest = (): void => {
      this.detach(buffer, attachment, driver)
      this.put(buffer, driver)
    }
    const waiting = this.unmapAttachmentUnlocked(attachment, mapping, direction)
    if (waiting === undefined) rest()
    else void waiting.then(rest)
  }

  /** May sleep. dma_buf_pin, with the lock held: the storage stays. The exporter's error passes. */
  async pin(attachment: Attachment): Promise<void> {
    await this.#attaching.pin(attachment)
  }

  /** dma_buf_unpin, with the lock held. */
  unpin(attachment: Attachment): void {
    this.#attaching.unpin(attachment)
  }

  /**
   * dma_buf_move_notify, with the lock held: notifies every dynamic importer, and no static one.
   */
  moveNotify(buffer: DmaBuf): void {
    mustHold(this.#machine, buffer, 'dma_buf_move_notify', buffer.driver)
    this.#attaching.moveNotify(buffer)
  }

  // --- the CPU ---------------------------------------------------------------------------------

  /**
   * May sleep. dma_buf_begin_cpu_access: the exporter makes the buffer ready for the CPU, and then
   * the call waits for the implicit fences: a reader waits for writers, a writer for all. The core
   * keeps no balance: nested, unpaired and differing calls are all accepted. Returns the synced
   * devices. The exporter's error; EINTR if `signal` ended the wait.
   */
  async beginCpuAccess(
    buffer: DmaBuf,
    access: CpuAccess,
    driver?: DriverName,
    signal?: AbortSignal,
  ): Promise<string[]> {
    return await this.#cpu.begin({ buffer, access, driver, signal })
  }

  /** May sleep. dma_buf_end_cpu_access: the exporter makes the CPU's work visible. */
  async endCpuAccess(buffer: DmaBuf, access: CpuAccess, driver?: DriverName): Promise<string[]> {
    return await this.#cpu.end({ buffer, access, driver })
  }

  /**
   * Memory for a process to map. EINVAL where the exporter cannot, or where the range does not lie
   * within the buffer's whole pages: a buffer of 5000 bytes maps one page. `shared`: MAP_SHARED.
   */
  mmap(
    buffer: DmaBuf,
    offset: number,
    length: number,
    driver?: DriverName,
    shared?: boolean,
  ): CpuPages {
    return this.#cpu.mmap(buffer, offset, length, driver, shared)
  }

  /**
   * dma_buf_mmap: an importer's own mmap passes a mapping of `length` bytes on to the exporter, from
   * `pageOffset`. EINVAL without an operation or beyond the buffer, EOVERFLOW where the sum wraps.
   */
  redirectMmap(
    buffer: DmaBuf,
    length: number,
    pageOffset: number,
    driver?: DriverName,
  ): MappedPages {
    return this.#cpu.redirectMmap(buffer, length, pageOffset, driver)
  }

  /**
   * unmap_mapping_range, over all of the buffer when `range` is left out: the next access of a process asks the
   * exporter for the pages again.
   */
  unmapMappings(buffer: DmaBuf, range: Range = ALL): void {
    openBrackets(buffer).zap(range)
  }

  /**
   * May sleep. dma_buf_vmap, with the lock held: all of the buffer for a driver to load and store; the
   * same mapping each time, counted. EINVAL without an operation, and the exporter's error.
   */
  async vmap(buffer: DmaBuf, driver: DriverName = KERNEL): Promise<KernelMapping> {
    mustHold(this.#machine, buffer, 'dma_buf_vmap', driver)
    checkAlive(this.#machine, buffer, 'dma_buf_vmap', driver)
    return await this.#vmaps.map(buffer, driver)
  }

  /** May sleep. The same; takes the lock itself. */
  async vmapUnlocked(buffer: DmaBuf, driver: DriverName = KERNEL): Promise<KernelMapping> {
    checkAlive(this.#machine, buffer, 'dma_buf_vmap', driver)
    return await buffer.resv.run(() => this.#vmaps.map(buffer, driver))
  }

  /** dma_buf_vunmap, with the lock held. */
  vunmap(buffer: DmaBuf, mapping: KernelMapping, driver: DriverName = KERNEL): void {
    mustHold(this.#machine, buffer, 'dma_buf_vunmap', driver)
    this.#vmaps.unmap(buffer, mapping, driver)
  }

  /** The same; takes the lock itself. Sleeps only if another task has it, undefined otherwise. */
  vunmapUnlocked(
    buffer: DmaBuf,
    mapping: KernelMapping,
    driver: DriverName = KERNEL,
  ): Promise<void> | undefined {
    return buffer.resv.runSoon(() => this.#vmaps.unmap(buffer, mapping, driver))
  }

  /** DMA_BUF_SET_NAME: EINVAL for a name longer than 31 bytes. Renaming is allowed at any time. */
  setName(buffer: DmaBuf, name: string): void {
    const { length } = new TextEncoder().encode(name)
    if (length > LONGEST_NAME) {
      throw new KernelError('EINVAL', `the name has ${length} bytes, ${LONGEST_NAME} are allowed`)
    }
    buffer.name = name
  }

  // --- the end ---------------------------------------------------------------------------------

  /** The run is over, and no task goes on: their locks are released. */
  stop(): void {
    this.#operations.tellPending()
    for (const { resv } of this.#live.values()) resv.abandon()
  }

  /**
   * The kernel ends, and no file is open any more: a buffer that is left has a forgotten reference.
   * It is reported and released.
   */
  shutdown(): void {
    for (const buffer of this.buffers) {
      const { inode, exporter, driver, references, exported } = buffer
      const text = `buffer ${inode} of exporter ${exporter} has ${references} references that no file explains`
      const what = { operation: 'dma_buf_put', driver, buffer: inode, text, against: exported }
      reportMisuse(this.#machine, { code: 'reference-leak', ...what })
      for (const attachment of buffer.attachments) {
        this.#tellLeftAttachment(attachment)
        this.endAttachment(attachment)
      }
      buffer.references = 0
      this.#release(buffer)
    }
  }

  /** Detaches a forgotten attachment, with its mappings. */
  endAttachment(attachment: Attachment): void {
    this.#attaching.end(attachment)
  }

  #release(buffer: DmaBuf): void {
    const { inode, ops } = buffer
    buffer.released = true
    this.#live.delete(inode)
    this.#machine.events.emit({ kind: 'release', buffer: inode })
    this.#vmaps.release(buffer)
    for (const attachment of buffer.attachments) this.#tellLeftAttachment(attachment)
    const operation = operationOn(buffer, 'release', `buffer ${inode}`)
    this.#operations.tell(operation, () => ops.release(buffer))
  }

  #tellLeftAttachment({ buffer, driver, device, id, origin }: Attachment): void {
    const text = `buffer ${buffer.inode} is released with attachment ${id} of ${device}`
    const what = {
      operation: 'dma_buf_release',
      driver,
      device,
      buffer: buffer.inode,
      text,
      origin,
    }
    reportMisuse(this.#machine, { code: 'attachment-leak', ...what })
  }
}

function lockName(inode: number): string {
  return `reservation lock of dmabuf ${inode}`
}
