/**
 * Importing a dma-buf into a slot of the queue.
 * Source: __prepare_dmabuf in drivers/media/common/videobuf2/videobuf2-core.c and the dma-buf operations
 * of videobuf2-dma-contig.c of Linux 6.12.
 */
import { contiguousSize } from '../../kernel/dma/contiguous.ts'
import type { DmaMapping } from '../../kernel/dma/mapping.ts'
import type { Attachment } from '../../kernel/dmabuf/attachment.ts'
import type { DmaBufCore } from '../../kernel/dmabuf/core.ts'
import type { DmaBuf } from '../../kernel/dmabuf/dma-buf.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import { type CaptureContext, DRIVER, deviceName } from './context.ts'
import type { ImportedMemory } from './frame-memory.ts'

/**
 * May sleep. Takes a reference to `buffer`, attaches the camera and maps for writing, of which it uses
 * `needed` bytes. The exporter's error at attach passes through, a failure to map is EINVAL, and memory in
 * several pieces is EFAULT for a camera that takes one; nothing is left behind then.
 */
export async function importMemory(
  { core, dma }: Pick<CaptureContext, 'core' | 'dma'>,
  buffer: DmaBuf,
  needed: number,
): Promise<ImportedMemory> {
  core.get(buffer, DRIVER)
  try {
    const attachment = await core.attach(buffer, deviceName, DRIVER)
    const mapping = await mapOrDetach(core, attachment)
    if (dma.devices.isContiguous(deviceName)) {
      await requireOnePiece(core, attachment, mapping, needed)
    }
    return {
      buffer,
      mapping,
      ids: [buffer.inode],
      release: () => core.letGo(attachment, mapping, 'from-device'),
    }
  } catch (error) {
    core.put(buffer, DRIVER)
    throw error
  }
}

/** The end of vb2_dc_map_dmabuf. */
async function requireOnePiece(
  core: DmaBufCore,
  attachment: Attachment,
  mapping: DmaMapping,
  needed: number,
): Promise<void> {
  const size = contiguousSize(mapping)
  if (size >= needed) return
  await core.unmapAttachmentUnlocked(attachment, mapping, 'from-device')
  core.detach(attachment.buffer, attachment, DRIVER)
  throw new KernelError(
    'EFAULT',
    `the camera takes memory in one piece, and only the first ${size} of ${needed} bytes are one: ` +
      'allocate from the heap linux,cma',
  )
}

async function mapOrDetach(core: DmaBufCore, attachment: Attachment): Promise<DmaMapping> {
  try {
    return await core.mapAttachmentUnlocked(attachment, 'from-device')
  } catch (error) {
    core.detach(attachment.buffer, attachment, DRIVER)
    if (!(error instanceof KernelError)) throw error
    throw new KernelError('EINVAL', `the exporter could not map the buffer (${error.message})`)
  }
}
