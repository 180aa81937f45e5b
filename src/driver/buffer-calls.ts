/**
 * The dma-buf calls of a driver. Source: include/linux/dma-buf.h of Linux 6.12, whose rules about locks
 * and sleeping hold: calls that want `buffer.resv` held have a variant that takes it, `...Unlocked`.
 */

import type { DmaDirection, Range } from '../events/event.ts'
import type { DmaMapping } from '../kernel/dma/mapping.ts'
import type { Attachment } from '../kernel/dmabuf/attachment.ts'
import type { DmaBuf } from '../kernel/dmabuf/dma-buf.ts'
import type { ExportInfo } from '../kernel/dmabuf/export-info.ts'
import type { CallerFiles, MappedPages } from '../kernel/dmabuf/file.ts'
import type { KernelMapping } from '../kernel/dmabuf/kernel-mapping.ts'
import type { ImporterOps } from '../kernel/dmabuf/ops.ts'
import { attachmentCalls } from './attachment-calls.ts'
import type { Bound } from './bound.ts'
import { cpuCalls } from './cpu-calls.ts'
import { referenceCalls } from './reference-calls.ts'

/** Arguments of dma_buf_export; the exporter's name defaults to the driver's. */
export type DmaBufExportInfo = Omit<ExportInfo, 'driver' | 'exporter'> & {
  /** exp_name. */
  readonly exporter?: string | undefined
}

/** The caller's descriptors: an ioctl's `call`, or its `files`. */
export type FilesOfCall = CallerFiles | { readonly files: CallerFiles }

export interface BufferCalls {
  /** A buffer with one reference. EINVAL, ENOMEM; ENOENT while the driver is removed. */
  dmaBufExport(info: DmaBufExportInfo): DmaBuf
  /** get_dma_buf: one more reference. */
  getDmaBuf(buffer: DmaBuf): DmaBuf
  /** One reference less; the exporter releases at zero. */
  dmaBufPut(buffer: DmaBuf): void
  /**
   * A new descriptor of the caller's process for `buffer`, which consumes the reference: from here on
   * user space may close it. Of the flags O_CLOEXEC counts; how it may be mapped was said at
   * `dmaBufExport`. EMFILE, and then the reference is still the driver's.
   */
  dmaBufFd(buffer: DmaBuf, flags: number, call: FilesOfCall): number
  /** The buffer behind a descriptor of the caller's process, with one more reference. EBADF, EINVAL. */
  dmaBufGet(fd: number, call: FilesOfCall): DmaBuf
  /** May sleep. `device` announces its use. The exporter's error passes: EBUSY means never. */
  dmaBufAttach(buffer: DmaBuf, device: string): Promise<Attachment>
  /** May sleep. The same for an importer that copes with moves: `ops.moveNotify` is called then. */
  dmaBufDynamicAttach(
    buffer: DmaBuf,
    device: string,
    ops: ImporterOps,
    priv?: unknown,
  ): Promise<Attachment>
  dmaBufDetach(buffer: DmaBuf, attachment: Attachment): void
  /** May sleep, with the lock held. The storage stays where it is. The exporter's error passes. */
  dmaBufPin(attachment: Attachment): Promise<void>
  /** With the lock held. */
  dmaBufUnpin(attachment: Attachment): void
  /** May sleep, with the lock held. ENOMEM, EBUSY, and the exporter's error. */
  dmaBufMapAttachment(attachment: Attachment, direction: DmaDirection): Promise<DmaMapping>
  /** May sleep. Takes the lock. */
  dmaBufMapAttachmentUnlocked(attachment: Attachment, direction: DmaDirection): Promise<DmaMapping>
  /** With the lock held. */
  dmaBufUnmapAttachment(attachment: Attachment, mapping: DmaMapping, direction: DmaDirection): void
  /** May sleep if the lock is held; otherwise done when it returns. */
  dmaBufUnmapAttachmentUnlocked(
    attachment: Attachment,
    mapping: DmaMapping,
    direction: DmaDirection,
  ): Promise<void>
  /** An exporter's, with the lock held: the storage moves, mappings of dynamic importers are void. */
  dmaBufMoveNotify(buffer: DmaBuf): void
  /**
   * unmap_mapping_range, an exporter's: takes the pages of `buffer` out of every process that has it
   * mapped. The next access there calls `mmap` again, which stands for the fault handler. An array
   * cannot move to other pages: those that were taken before end, and the next CPU access has new ones.
   */
  unmapMappingRange(buffer: DmaBuf, range?: Range): void
  /** May sleep. The CPU is about to read data of devices (from-device), or to write (to-device). */
  dmaBufBeginCpuAccess(buffer: DmaBuf, direction: DmaDirection): Promise<void>
  /** May sleep. The CPU is through. */
  dmaBufEndCpuAccess(buffer: DmaBuf, direction: DmaDirection): Promise<void>
  /** An importer's own mmap passes `length` bytes on to the exporter. EINVAL, EOVERFLOW. */
  dmaBufMmap(buffer: DmaBuf, length: number, pageOffset: number): MappedPages
  /** May sleep, with the lock held. All of the buffer to load and store; counted. EINVAL. */
  dmaBufVmap(buffer: DmaBuf): Promise<KernelMapping>
  /** May sleep. Takes the lock. */
  dmaBufVmapUnlocked(buffer: DmaBuf): Promise<KernelMapping>
  /** With the lock held. */
  dmaBufVunmap(buffer: DmaBuf, mapping: KernelMapping): void
  /** May sleep if the lock is held; otherwise done when it returns. */
  dmaBufVunmapUnlocked(buffer: DmaBuf, mapping: KernelMapping): Promise<void>
}

export function bufferCalls(bound: Bound): BufferCalls {
  return { ...referenceCalls(bound), ...attachmentCalls(bound), ...cpuCalls(bound) }
}
