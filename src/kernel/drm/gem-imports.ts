/**
 * The imported objects of a DRM device: attached from import to end, and mapped as long or for each use.
 * Source: drm_gem_prime_import_dev and drm_prime_gem_destroy in drivers/gpu/drm/drm_prime.c of Linux 6.12.
 */
import { KernelError } from '../../machine/kernel-error.ts'
import { contiguousSize } from '../dma/contiguous.ts'
import type { DmaLayer } from '../dma/dma-layer.ts'
import type { DmaMapping } from '../dma/mapping.ts'
import type { Attachment } from '../dmabuf/attachment.ts'
import type { DmaBufCore } from '../dmabuf/core.ts'
import type { DmaBuf } from '../dmabuf/dma-buf.ts'
import type { ImportMapping } from '../dmabuf/import-mapping.ts'
import type { GemObject } from './gem-object.ts'
import { DRIVER, type GemParts } from './gem-parts.ts'

const WAY = 'bidirectional'

export class GemImports {
  readonly #dma: DmaLayer
  readonly #core: DmaBufCore
  readonly #device: string
  readonly #mapped: ImportMapping

  constructor({ dma, core, imports = 'kept' }: GemParts, device: string) {
    this.#dma = dma
    this.#core = core
    this.#device = device
    this.#mapped = imports
  }

  /** May sleep. An object for `buffer`, of which the caller has a reference. */
  async attach(
    buffer: DmaBuf,
    fileFlags: number,
    signal: AbortSignal | undefined,
  ): Promise<GemObject> {
    const attachment = await this.#core.attach(buffer, this.#device, DRIVER)
    try {
      const mapping = this.#mapped === 'kept' ? await this.#mapKept(attachment, signal) : undefined
      return {
        ...{ buffer, mapping, attachment, fileFlags },
        ...{ references: 1, handles: 0, uses: 0, mapOffset: undefined },
      }
    } catch (error) {
      this.#core.detach(buffer, attachment, DRIVER)
      throw error
    }
  }

  /** May sleep. EINVAL where the device takes no scatter list. */
  async #mapKept(attachment: Attachment, signal: AbortSignal | undefined): Promise<DmaMapping> {
    const mapping = await this.#core.mapAttachmentUnlocked(attachment, WAY, signal)
    if (this.#isSuitable(attachment, mapping)) return mapping
    await this.#core.unmapAttachmentUnlocked(attachment, mapping, WAY)
    throw this.#inPieces(attachment, contiguousSize(mapping))
  }

  /** Whether the device can use the mapping. Source: drm_gem_dma_prime_import_sg_table. */
  #isSuitable({ device, buffer }: Attachment, mapping: DmaMapping): boolean {
    return !this.#dma.devices.isContiguous(device) || contiguousSize(mapping) >= buffer.size
  }

  #inPieces({ device, buffer }: Attachment, size: number): KernelError {
    return new KernelError(
      'EINVAL',
      `device ${device} takes memory in one piece, and only the first ${size} of ${buffer.size} bytes ` +
        'are one: allocate from the heap linux,cma',
    )
  }

  /** See `GemObjects`. */
  prepareUse(object: GemObject): Promise<void> | undefined {
    object.uses++
    if (object.mapping !== undefined || object.attachment === undefined) return undefined
    return this.#mapForUse(object, object.attachment)
  }

  /** A use ends. Does not sleep: an unmap waits for the lock of another task by itself. */
  used(object: GemObject): void {
    object.uses--
    const { attachment, buffer } = object
    if (this.#mapped === 'kept' || attachment === undefined || object.uses > 0) return
    void buffer.resv.runSoon(() => {
      if (object.uses === 0) this.#unmap(object, attachment)
    })
  }

  async #mapForUse(object: GemObject, attachment: Attachment): Promise<void> {
    try {
      await object.buffer.resv.run(async () => {
        if (object.mapping !== undefined) return
        const mapping = await this.#core.mapAttachment(attachment, WAY)
        object.mapping = mapping
        if (this.#isSuitable(attachment, mapping)) return
        this.#unmap(object, attachment)
        throw this.#inPieces(attachment, contiguousSize(mapping))
      })
    } catch (error) {
      this.used(object)
      throw error
    }
  }

  /** With the lock held. */
  #unmap(object: GemObject, attachment: Attachment): void {
    const { mapping } = object
    object.mapping = undefined
    if (mapping !== undefined) this.#core.unmapAttachment(attachment, mapping, WAY)
  }

  /** The last reference is gone. While another task has the lock it happens later, as the kernel's last fput does. */
  end(object: GemObject, attachment: Attachment): void {
    const { buffer } = object
    const rest = (): void => {
      this.#core.detach(buffer, attachment, DRIVER)
      this.#core.put(buffer, DRIVER)
    }
    const waiting = buffer.resv.runSoon(() => this.#unmap(object, attachment))
    if (waiting === undefined) rest()
    else void waiting.then(rest)
  }
}
