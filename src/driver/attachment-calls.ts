import type { DmaDirection } from '../events/event.ts'
import type { Attachment } from '../kernel/dmabuf/attachment.ts'
import type { DmaBuf } from '../kernel/dmabuf/dma-buf.ts'
import type { ImporterOps } from '../kernel/dmabuf/ops.ts'
import type { Bound } from './bound.ts'
import type { BufferCalls } from './buffer-calls.ts'

/** The calls of an importer, and of an exporter that moves. */
export type Attachments = Pick<
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

export function attachmentCalls(bound: Bound): Attachments {
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

function checkMap(bound: Bound, attachment: Attachment, direction: DmaDirection): void {
  bound.attachment(attachment, 'dma_buf_map_attachment')
  bound.direction(direction, 'dma_buf_map_attachment')
}

function checkUnmap(bound: Bound, attachment: Attachment, direction: DmaDirection): void {
  bound.attachment(attachment, 'dma_buf_unmap_attachment')
  bound.direction(direction, 'dma_buf_unmap_attachment')
}
