/**
 * The dma-buf calls of a driver. Source: include/linux/dma-buf.h of Linux 6.12, whose rules about locks
 * and sleeping hold: calls that want `buffer.resv` held have a variant that takes it, `...Unlocked`.
 */
import type { DmaMapping } from '../dma/mapping.ts'
import type { Attachment } from '../dmabuf/attachment.ts'
import type { DmaBuf } from '../dmabuf/dma-buf.ts'
import { dmaBufFd, dmaBufGet } from '../dmabuf/dma-buf-fd.ts'
import type { ExportInfo } from '../dmabuf/export-info.ts'
import type { CallerFiles, MappedPages } from '../dmabuf/file.ts'
import type { KernelMapping } from '../dmabuf/kernel-mapping.ts'
import type { ImporterOps } from '../dmabuf/ops.ts'
import type { CpuAccess, DmaDirection } from '../events/event.ts'
import { KernelError } from '../machine/kernel-error.ts'
import type { Bound } from './bound.ts'
import { watchedOps } from './exporter-ops.ts'

/** What dma_buf_export takes; the exporter's name is the driver's unless it says otherwise. */
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
   * user space may close it. EMFILE, and then the reference is still the driver's.
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
  /** May sleep where somebody else has the lock; done when it returns where nobody has. */
  dmaBufUnmapAttachmentUnlocked(
    attachment: Attachment,
    mapping: DmaMapping,
    direction: DmaDirection,
  ): Promise<void>
  /** An exporter's, with the lock held: the storage moves, mappings of dynamic importers are void. */
  dmaBufMoveNotify(buffer: DmaBuf): void
  /** May sleep. The CPU is about to read what devices wrote (from-device), or to write (to-device). */
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
  /** May sleep where somebody else has the lock; done when it returns where nobody has. */
  dmaBufVunmapUnlocked(buffer: DmaBuf, mapping: KernelMapping): Promise<void>
}

export function bufferCalls(bound: Bound): BufferCalls {
  return { ...referenceCalls(bound), ...attachmentCalls(bound), ...cpuCalls(bound) }
}

type References = Pick<
  BufferCalls,
  'dmaBufExport' | 'getDmaBuf' | 'dmaBufPut' | 'dmaBufFd' | 'dmaBufGet'
>

function referenceCalls(bound: Bound): References {
  const { driver, ledger, underWay } = bound
  const { core } = bound.host
  const calls: References = {
    dmaBufExport: (info) =>
      bound.now(calls.dmaBufExport, () => {
        if (bound.leaving) throw new KernelError('ENOENT', `driver ${driver.name} is being removed`)
        const ops = watchedOps(info?.ops, underWay)
        const buffer = core.export({
          ...info,
          exporter: info?.exporter ?? driver.name,
          ops,
          driver,
        })
        ledger.take(buffer, bound.origin)
        return buffer
      }),
    getDmaBuf: (buffer) =>
      bound.now(calls.getDmaBuf, () => {
        core.get(bound.use(buffer, 'get_dma_buf'), driver)
        ledger.take(buffer, bound.origin)
        return buffer
      }),
    dmaBufPut: (buffer) =>
      bound.now(calls.dmaBufPut, () => {
        bound.use(buffer, 'dma_buf_put')
        if (!ledger.drop(buffer)) tellForeignPut(bound, buffer)
        core.put(buffer, driver)
      }),
    dmaBufFd: (buffer, flags, call) =>
      bound.now(calls.dmaBufFd, () => {
        const fd = dmaBufFd(bound.host, bound.use(buffer, 'dma_buf_fd'), flags, filesOf(call))
        ledger.drop(buffer)
        underWay.publish(buffer)
        return fd
      }),
    dmaBufGet: (fd, call) =>
      bound.now(calls.dmaBufGet, () => {
        const buffer = dmaBufGet(bound.host, fd, filesOf(call), driver)
        ledger.take(buffer, bound.origin)
        return buffer
      }),
  }
  return calls
}

type Attachments = Pick<
  BufferCalls,
  | 'dmaBufAttach'
  | 'dmaBufDynamicAttach'
  | 'dmaBufDetach'
  | 'dmaBufPin'
  | 'dmaBufUnpin'
  | 'dmaBufMapAttachment'
  | 'dmaBufMapAttachmentUnlocked'
  | 'dmaBufUnmapAttachment'
  | 'dmaBufUnmapAttachmentUnlocked'
  | 'dmaBufMoveNotify'
>

function attachmentCalls(bound: Bound): Attachments {
  const { driver, ledger } = bound
  const { core } = bound.host
  const attach = async (
    buffer: DmaBuf,
    device: string,
    importer: { ops?: ImporterOps; priv?: unknown },
  ): Promise<Attachment> => {
    bound.use(buffer, 'dma_buf_attach')
    const attachment = await core.dynamicAttach(buffer, device, { driver, ...importer })
    ledger.attached(attachment, bound.origin)
    return attachment
  }
  const calls: Attachments = {
    dmaBufAttach: (buffer, device) =>
      bound.later(calls.dmaBufAttach, () => attach(buffer, device, {})),
    dmaBufDynamicAttach: (buffer, device, ops, priv) =>
      bound.later(calls.dmaBufDynamicAttach, () => attach(buffer, device, { ops, priv })),
    dmaBufDetach: (buffer, attachment) =>
      bound.now(calls.dmaBufDetach, () => {
        core.detach(bound.use(buffer, 'dma_buf_detach'), attachment, driver)
        if (attachment?.detached === true) ledger.detached(attachment)
      }),
    dmaBufPin: (attachment) =>
      bound.later(calls.dmaBufPin, () => core.pin(bound.attachment(attachment, 'dma_buf_pin'))),
    dmaBufUnpin: (attachment) =>
      bound.now(calls.dmaBufUnpin, () => core.unpin(bound.attachment(attachment, 'dma_buf_unpin'))),
    dmaBufMapAttachment: (attachment, direction) =>
      bound.later(calls.dmaBufMapAttachment, () => {
        checkMap(bound, attachment, direction)
        return core.mapAttachment(attachment, direction)
      }),
    dmaBufMapAttachmentUnlocked: (attachment, direction) =>
      bound.later(calls.dmaBufMapAttachmentUnlocked, () => {
        checkMap(bound, attachment, direction)
        return core.mapAttachmentUnlocked(attachment, direction)
      }),
    dmaBufUnmapAttachment: (attachment, mapping, direction) =>
      bound.now(calls.dmaBufUnmapAttachment, () => {
        checkUnmap(bound, attachment, direction)
        core.unmapAttachment(attachment, mapping, direction)
      }),
    dmaBufUnmapAttachmentUnlocked: (attachment, mapping, direction) =>
      bound.later(calls.dmaBufUnmapAttachmentUnlocked, () => {
        checkUnmap(bound, attachment, direction)
        return core.unmapAttachmentUnlocked(attachment, mapping, direction)
      }),
    dmaBufMoveNotify: (buffer) =>
      bound.now(calls.dmaBufMoveNotify, () =>
        core.moveNotify(bound.use(buffer, 'dma_buf_move_notify')),
      ),
  }
  return calls
}

type CpuCalls = Omit<BufferCalls, keyof References | keyof Attachments>

function cpuCalls(bound: Bound): CpuCalls {
  const { driver } = bound
  const { core } = bound.host
  const calls: CpuCalls = {
    dmaBufBeginCpuAccess: (buffer, direction) =>
      bound.later(calls.dmaBufBeginCpuAccess, () => bracket(bound, 'begin', buffer, direction)),
    dmaBufEndCpuAccess: (buffer, direction) =>
      bound.later(calls.dmaBufEndCpuAccess, () => bracket(bound, 'end', buffer, direction)),
    dmaBufMmap: (buffer, length, pageOffset) =>
      bound.now(calls.dmaBufMmap, () =>
        core.redirectMmap(bound.use(buffer, 'dma_buf_mmap'), length, pageOffset, driver),
      ),
    dmaBufVmap: (buffer) =>
      bound.later(calls.dmaBufVmap, () => core.vmap(bound.use(buffer, 'dma_buf_vmap'), driver)),
    dmaBufVmapUnlocked: (buffer) =>
      bound.later(calls.dmaBufVmapUnlocked, () =>
        core.vmapUnlocked(bound.use(buffer, 'dma_buf_vmap'), driver),
      ),
    dmaBufVunmap: (buffer, mapping) =>
      bound.now(calls.dmaBufVunmap, () =>
        core.vunmap(bound.use(buffer, 'dma_buf_vunmap'), mapping, driver),
      ),
    dmaBufVunmapUnlocked: (buffer, mapping) =>
      bound.later(calls.dmaBufVunmapUnlocked, () =>
        core.vunmapUnlocked(bound.use(buffer, 'dma_buf_vunmap'), mapping, driver),
      ),
  }
  return calls
}

/** The kernel's own bracket around its loads and stores, told as the ioctl's is. */
async function bracket(
  bound: Bound,
  phase: 'begin' | 'end',
  buffer: DmaBuf,
  direction: DmaDirection,
): Promise<void> {
  const { core, machine } = bound.host
  const name = `dma_buf_${phase}_cpu_access`
  bound.use(buffer, name)
  const access = accessOf(bound.direction(direction, name))
  const origin = bound.origin
  const synced =
    phase === 'begin'
      ? await core.beginCpuAccess(buffer, access, bound.driver)
      : await core.endCpuAccess(buffer, access, bound.driver)
  machine.events.emit({
    kind: phase === 'begin' ? 'bracket-start' : 'bracket-end',
    buffer: buffer.inode,
    access,
    result: 0,
    synced,
    agent: { kind: 'kernel', name: bound.driver.name },
    origin,
  })
}

function checkMap(bound: Bound, attachment: Attachment, direction: DmaDirection): void {
  bound.attachment(attachment, 'dma_buf_map_attachment')
  bound.direction(direction, 'dma_buf_map_attachment')
}

function checkUnmap(bound: Bound, attachment: Attachment, direction: DmaDirection): void {
  bound.attachment(attachment, 'dma_buf_unmap_attachment')
  bound.direction(direction, 'dma_buf_unmap_attachment')
}

/** The reference that goes is somebody else's: a descriptor's, or another driver's. */
function tellForeignPut(bound: Bound, buffer: DmaBuf): void {
  if (buffer.released || bound.underWay.isPublished(buffer)) return
  const { inode } = buffer
  const operation = 'dma_buf_put'
  const text = `${operation}: driver ${bound.driver.name} has no reference to buffer ${inode} left, and drops somebody else's`
  bound.misuse({ code: 'put-after-release', operation, buffer: inode, text })
}

function accessOf(direction: DmaDirection): CpuAccess {
  if (direction === 'from-device') return 'read'
  return direction === 'to-device' ? 'write' : 'read-write'
}

function filesOf(call: FilesOfCall): CallerFiles {
  return 'files' in call ? call.files : call
}
