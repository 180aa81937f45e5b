/** A buffer as an importer holds it: a reference, an attachment, a mapping. */
import type {
  Attachment,
  DmaBuf,
  DmaDirection,
  DmaMapping,
  DriverContext,
  IoctlCall,
} from 'dmabuf/driver'
import { DEVICE } from './blitter-table.ts'

export interface Imported {
  readonly buffer: DmaBuf
  readonly attachment: Attachment
  readonly mapping: DmaMapping
  readonly direction: DmaDirection
}

/** May sleep. The buffer behind `fd`, mapped for the device. Each step that fails undoes those before. */
export async function importBuffer(
  context: DriverContext,
  call: IoctlCall,
  fd: number,
  direction: DmaDirection,
): Promise<Imported> {
  const buffer = context.dmaBufGet(fd, call)
  try {
    const attachment = await context.dmaBufAttach(buffer, DEVICE)
    try {
      const mapping = await context.dmaBufMapAttachmentUnlocked(attachment, direction)
      return { buffer, attachment, mapping, direction }
    } catch (error) {
      context.dmaBufDetach(buffer, attachment)
      throw error
    }
  } catch (error) {
    context.dmaBufPut(buffer)
    throw error
  }
}

/** May sleep. Undoes `importBuffer`, in reverse. */
export async function dropBuffer(context: DriverContext, imported: Imported): Promise<void> {
  const { buffer, attachment, mapping, direction } = imported
  await context.dmaBufUnmapAttachmentUnlocked(attachment, mapping, direction)
  context.dmaBufDetach(buffer, attachment)
  context.dmaBufPut(buffer)
}
