/**
 * Checks of how attachments are used, with the messages of the kernel's own checks. Source:
 * drivers/dma-buf/dma-buf.c of Linux 6.12.
 */

import type { DmaDirection } from '../../events/event.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import type { Machine } from '../../machine/machine.ts'
import { directionText } from '../dma/debug/problem.ts'
import type { DmaMapping } from '../dma/mapping.ts'
import type { Attachment, Importer } from './attachment.ts'
import type { DmaBuf } from './dma-buf.ts'
import { KERNEL, reportMisuse } from './misuse.ts'
import type { Operation } from './operations.ts'

/** EINVAL for a value that cannot be attached. */
export function checkArguments(
  machine: Machine,
  buffer: DmaBuf,
  device: string,
  { ops, driver = KERNEL }: Importer,
): void {
  const problem =
    typeof device !== 'string' || device === ''
      ? `device is ${String(device)}: it must be a device's name`
      : ops !== undefined && typeof ops?.moveNotify !== 'function'
        ? 'the importer brings operations without moveNotify'
        : undefined
  if (problem === undefined) return
  const operation = 'dma_buf_dynamic_attach'
  const what = { operation, driver, buffer: buffer.inode, text: problem }
  reportMisuse(machine, { code: 'attach-arguments', ...what })
  throw new KernelError('EINVAL', problem)
}

/** Reports an attachment that is used after its end, or after its buffer's. */
export function checkAttached(
  machine: Machine,
  { detached, buffer, driver, device, id }: Attachment,
  operation: string,
): void {
  if (!detached && !buffer.released) return
  const gone = detached ? 'was detached' : `is of buffer ${buffer.inode}, which was released`
  const text = `${operation}: attachment ${id} of ${device} ${gone}`
  const what = { operation, driver, device, buffer: buffer.inode, text }
  reportMisuse(machine, { code: 'use-after-release', ...what })
}

/**
 * Whether the mapping was made through the attachment and not unmapped since; reports it if not.
 * The exporter is not called then: it is the importer's mistake.
 */
export function checkMapped(
  machine: Machine,
  { mappings, driver, device, buffer, id }: Attachment,
  mapping: DmaMapping,
): boolean {
  if (mappings.has(mapping)) return true
  const operation = 'dma_buf_unmap_attachment'
  const text = `mapping ${mapping.id} is not mapped through attachment ${id} of ${device}, or not any more`
  const what = { operation, driver, device, buffer: buffer.inode, mapping: mapping.id, text }
  reportMisuse(machine, { code: 'put-after-release', ...what })
  return false
}

/**
 * Reports an importer that unmaps in another direction than it mapped: most exporters pass it on to
 * dma_unmap_sgtable (system_heap_unmap_dma_buf, put_sg_table of udmabuf, drm_gem_unmap_dma_buf).
 */
export function checkUnmapDirection(
  machine: Machine,
  { driver, device, buffer }: Attachment,
  { id, mapped }: DmaMapping,
  { asked, direction }: { readonly asked: DmaDirection; readonly direction: DmaDirection },
): void {
  if (asked === direction) return
  const operation = 'dma_buf_unmap_attachment'
  const values = `[mapped with ${directionText(asked)}] [unmapped with ${directionText(direction)}]`
  const text = `${operation}: another direction than at dma_buf_map_attachment ${values}`
  const what = { operation, driver, device, buffer: buffer.inode, mapping: id, text }
  reportMisuse(machine, { code: 'attachment-unmap-direction', ...what, against: mapped })
}

/** Reports mappings that were not unmapped before the detach. */
export function tellLeftMappings(
  machine: Machine,
  { mappings, driver, device, buffer, id }: Attachment,
): void {
  for (const mapping of mappings) {
    const operation = 'dma_buf_detach'
    const text = `${operation}: mapping ${mapping.id} of attachment ${id} of ${device} was not unmapped`
    const what = { operation, driver, device, buffer: buffer.inode, mapping: mapping.id, text }
    reportMisuse(machine, { code: 'attachment-mapping-leak', ...what })
  }
}

/** Why `attachment` cannot be detached from `buffer`. */
export function detachProblem(buffer: DmaBuf, attachment: Attachment): string | undefined {
  if (buffer === undefined || buffer === null) return 'dma_buf_detach was given no buffer'
  if (attachment === undefined || attachment === null) return 'dma_buf_detach was given nothing'
  const { id, device } = attachment
  if (attachment.buffer !== buffer) {
    return `attachment ${id} of ${device} is of buffer ${attachment.buffer.inode}, not ${buffer.inode}`
  }
  return attachment.detached ? `attachment ${id} of ${device} was detached already` : undefined
}

/** An operation of the exporter on an attachment. */
export function exporterOperation(
  name: string,
  { id, device, buffer }: Attachment,
  direction?: DmaDirection,
): Operation {
  const { driver, inode, origin } = buffer
  const given = `attachment ${id} of ${device}${direction === undefined ? '' : `, ${direction}`}`
  return { name, driver, buffer: inode, device, given, origin }
}
