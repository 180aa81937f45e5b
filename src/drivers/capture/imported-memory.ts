/**
 * Importing a dma-buf into a slot of the queue.
 * Source: __prepare_dmabuf in drivers/media/common/videobuf2/videobuf2-core.c and the dma-buf operations
 * of videobuf2-dma-contig.c of Linux 6.12.
 */
import type { DmaMapping } from '../../dma/mapping.ts'
import type { Attachment } from '../../dmabuf/attachment.ts'
import type { DmaBufCore } from '../../dmabuf/core.ts'
import type { DmaBuf } from '../../dmabuf/dma-buf.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import { DRIVER, deviceName } from './context.ts'
import type { ImportedMemory } from './frame-memory.ts'

/**
 * May sleep. Takes a reference to `buffer`, attaches the camera and maps for writing. The exporter's
 * error at attach passes through, a failure to map is EINVAL; either way nothing is left behind.
 */
export async function importMemory(core: DmaBufCore, buffer: DmaBuf): Promise<ImportedMemory> {
  core.get(buffer, DRIVER)
  try {
    const attachment = await core.attach(buffer, deviceName, DRIVER)
    const mapping = await mapOrDetach(core, attachment)
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

async function mapOrDetach(core: DmaBufCore, attachment: Attachment): Promise<DmaMapping> {
  try {
    return await core.mapAttachmentUnlocked(attachment, 'from-device')
  } catch (error) {
    core.detach(attachment.buffer, attachment, DRIVER)
    if (!(error instanceof KernelError)) throw error
    throw new KernelError('EINVAL', `the exporter could not map the buffer (${error.message})`)
  }
}
