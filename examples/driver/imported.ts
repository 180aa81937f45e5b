/** A buffer as an importer uses it: attached, and mapped for the importer's device. */
import type { Attachment, DmaBuf, DmaDirection, DmaMapping, DriverContext } from 'dmabuf/driver'
import { DEVICE } from './blitter-table.ts'

export interface Imported {
  readonly attachment: Attachment
  readonly mapping: DmaMapping
  readonly direction: DmaDirection
}

/** May sleep. The device may reach `buffer` afterwards, of which the caller has a reference. */
export async function importBuffer(
  context: DriverContext,
  buffer: DmaBuf,
  direction: DmaDirection,
): Promise<Imported> {
  const attachment = await context.dmaBufAttach(buffer, DEVICE)
  try {
    const mapping = await context.dmaBufMapAttachmentUnlocked(attachment, direction)
    return { attachment, mapping, direction }
  } catch (error) {
    context.dmaBufDetach(buffer, attachment)
    throw error
  }
}

/** May sleep. Undoes `importBuffer`, in reverse. */
export async function dropImport(
  context: DriverContext,
  { attachment, mapping, direction }: Imported,
): Promise<void> {
  await context.dmaBufUnmapAttachmentUnlocked(attachment, mapping, direction)
  context.dmaBufDetach(attachment.buffer, attachment)
}
