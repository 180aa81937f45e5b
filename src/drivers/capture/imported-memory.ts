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
import { deviceName } from './context.ts'
import type { FrameMemory } from './frame-memory.ts'

/**
 * May sleep. Takes a reference to `buffer`, attaches the camera and maps for writing. The exporter's
 * error at attach passes through, a failure to map is EINVAL; either way nothing is left behind.
 */
export async function importMemory(core: DmaBufCore, buffer: DmaBuf): Promise<FrameMemory> {
  core.get(buffer)
  try {
    const attachment = await core.attach(buffer, deviceName)
    const mapping = await mapOrDetach(core, attachment)
    return { buffer, mapping, release: () => letGo(core, attachment, mapping) }
  } catch (error) {
    core.put(buffer)
    throw error
  }
}

async function mapOrDetach(core: DmaBufCore, attachment: Attachment): Promise<DmaMapping> {
  try {
    return await core.mapAttachment(attachment, 'from-device')
  } catch (error) {
    core.detach(attachment)
    if (!(error instanceof KernelError)) throw error
    throw new KernelError('EINVAL', `the exporter could not map the buffer (${error.message})`)
  }
}

function letGo(core: DmaBufCore, attachment: Attachment, mapping: DmaMapping): void {
  core.unmapAttachment(attachment, mapping, 'from-device')
  core.detach(attachment)
  core.put(attachment.buffer)
}
