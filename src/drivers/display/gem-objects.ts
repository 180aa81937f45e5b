/**
 * The display's buffers: made in its own memory, or imported from dma-bufs.
 *
 * A buffer made here has a dma-buf from the start, although no descriptor shows it before it is
 * exported: events name buffers by inode. Its object and its dma-buf live as long as handles,
 * framebuffers or descriptors refer to either.
 *
 * Source: drivers/gpu/drm/drm_prime.c and drm_gem.c of Linux 6.12.
 */

import { makeCoherent } from '../../dma/coherent.ts'
import type { DmaLayer } from '../../dma/dma-layer.ts'
import { tableOf } from '../../dma/sg-table.ts'
import type { DmaBufCore } from '../../dmabuf/core.ts'
import type { DmaBuf } from '../../dmabuf/dma-buf.ts'
import type { DmaBufOps } from '../../dmabuf/ops.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import type { Machine } from '../../machine/machine.ts'
import type { Storage } from '../../machine/storage.ts'
import type { GemObject } from './gem-object.ts'

/** The device's name in events, attachments and boards. */
export const DISPLAY_NAME = 'display'
export const DRIVER = { name: 'drm', modelled: true } as const
/** DRM_FILE_PAGE_OFFSET_START: offsets below belong to nobody. */
const FIRST_MAP_OFFSET = 2 ** 32

export class GemObjects {
  readonly #machine: Machine
  readonly #dma: DmaLayer
  readonly #core: DmaBufCore
  readonly #ops: DmaBufOps
  readonly #own = new Map<DmaBuf, GemObject>()
  #nextOffset = FIRST_MAP_OFFSET

  constructor(machine: Machine, dma: DmaLayer, core: DmaBufCore) {
    this.#machine = machine
    this.#dma = dma
    this.#core = core
    this.#ops = this.#primeOps()
  }

  /** A zeroed buffer of `size` bytes, whole pages, with one reference. ENOMEM. */
  create(size: number): GemObject {
    const below = this.#dma.reachOf(DISPLAY_NAME)
    const storage = this.#machine.ram.allocate(size, { below, contiguous: true })
    if (storage === undefined) {
      throw new KernelError('ENOMEM', `${size} bytes asked, and the board has no such memory left`)
    }
    const ops = this.#ops
    const buffer = this.#core.export({ exporter: 'drm', driver: DRIVER, size, ops, priv: storage })
    storage.buffer = buffer.inode
    makeCoherent(this.#machine, storage, { device: DISPLAY_NAME, driver: DRIVER.name })
    const object: GemObject = {
      buffer,
      mapping: this.#dma.mapCoherent({
        device: DISPLAY_NAME,
        table: tableOf(storage),
        direction: 'bidirectional',
        buffer: buffer.inode,
        driver: DRIVER,
      }),
      attachment: undefined,
      references: 1,
      fileFlags: undefined,
      mapOffset: undefined,
    }
    this.#own.set(buffer, object)
    return object
  }

  /**
   * May sleep. The object behind a dma-buf, with one more reference: the one made here, or a new one
   * that stays attached and mapped in both directions. The exporter's errors pass through.
   */
  async importBuffer(buffer: DmaBuf, fileFlags: number): Promise<GemObject> {
    const own = this.#own.get(buffer)
    if (own !== undefined) return this.get(own)
    this.#core.get(buffer, DRIVER)
    try {
      return await this.#attach(buffer, fileFlags)
    } catch (error) {
      this.#core.put(buffer, DRIVER)
      throw error
    }
  }

  /** One more reference. An object that only descriptors kept alive comes back. */
  get(object: GemObject): GemObject {
    if (object.references === 0) this.#core.get(object.buffer, DRIVER)
    object.references++
    return object
  }

  /** One reference less. */
  put(object: GemObject): void {
    object.references--
    if (object.references > 0) return
    const { attachment, buffer, mapping } = object
    if (attachment === undefined) this.#core.put(buffer, DRIVER)
    else this.#core.letGo(attachment, mapping, 'bidirectional')
  }

  /** The offset of the device's file at which an object made here can be mapped. */
  mapOffset(object: GemObject): number {
    if (object.mapOffset === undefined) {
      object.mapOffset = this.#nextOffset
      this.#nextOffset += object.buffer.size
    }
    return object.mapOffset
  }

  /** The object whose place in the device's file begins at `offset`. */
  atOffset(offset: number): GemObject | undefined {
    for (const object of this.#own.values()) if (object.mapOffset === offset) return object
    return undefined
  }

  async #attach(buffer: DmaBuf, fileFlags: number): Promise<GemObject> {
    const attachment = await this.#core.attach(buffer, DISPLAY_NAME, DRIVER)
    try {
      const mapping = await this.#core.mapAttachmentUnlocked(attachment, 'bidirectional')
      return { buffer, mapping, attachment, references: 1, fileFlags, mapOffset: undefined }
    } catch (error) {
      this.#core.detach(buffer, attachment, DRIVER)
      throw error
    }
  }

  /** drm_gem_prime_dmabuf_ops: mapping moves no data, and there is nothing to do for the CPU. */
  #primeOps(): DmaBufOps {
    return {
      mapDmaBuf: ({ buffer, device, id }, direction) =>
        this.#dma.map({
          device,
          table: tableOf(storageOf(buffer)),
          direction,
          skipCpuSync: true,
          buffer: buffer.inode,
          attachment: id,
          driver: DRIVER,
        }),
      unmapDmaBuf: (_attachment, mapping) => this.#dma.unmap(mapping),
      mmap: (buffer, offset, length) => ({
        runs: [{ storage: storageOf(buffer), offset, length }],
        attribute: 'write-combine',
      }),
      release: (buffer) => this.#release(buffer),
    }
  }

  #release(buffer: DmaBuf): void {
    const object = this.#own.get(buffer)
    if (object !== undefined) this.#dma.unmap(object.mapping)
    this.#own.delete(buffer)
    this.#machine.ram.free(storageOf(buffer))
  }
}

function storageOf(buffer: DmaBuf): Storage {
  return buffer.priv as Storage
}
