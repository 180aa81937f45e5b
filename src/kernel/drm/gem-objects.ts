/**
 * The buffers of a DRM device: made in its own memory, or imported from dma-bufs.
 *
 * A buffer made here has a dma-buf from the start, although no descriptor shows it before it is
 * exported: events name buffers by inode. Its object and its dma-buf live as long as handles,
 * framebuffers or descriptors refer to either.
 *
 * Source: drivers/gpu/drm/drm_prime.c and drm_gem.c of Linux 6.12.
 */

import { KernelError } from '../../machine/kernel-error.ts'
import type { Machine } from '../../machine/machine.ts'
import type { Storage } from '../../machine/storage.ts'
import type { DmaLayer } from '../dma/dma-layer.ts'
import type { DmaMapping } from '../dma/mapping.ts'
import { tableOf } from '../dma/sg-table.ts'
import type { DmaBufCore } from '../dmabuf/core.ts'
import type { DmaBuf } from '../dmabuf/dma-buf.ts'
import type { CpuPages, DmaBufOps } from '../dmabuf/ops.ts'
import { GemImports } from './gem-imports.ts'
import type { GemMemory } from './gem-memory.ts'
import type { GemObject } from './gem-object.ts'
import { DRIVER, type GemParts } from './gem-parts.ts'

/** DRM_FILE_PAGE_OFFSET_START: lower offsets are not used. */
const FIRST_MAP_OFFSET = 2 ** 32

export class GemObjects {
  readonly #machine: Machine
  readonly #dma: DmaLayer
  readonly #core: DmaBufCore
  readonly #memory: GemMemory
  readonly #ops: DmaBufOps
  readonly #imports: GemImports
  readonly #own = new Map<DmaBuf, GemObject>()
  #nextOffset = FIRST_MAP_OFFSET

  constructor(parts: GemParts, memory: GemMemory) {
    const { machine, dma, core } = parts
    this.#machine = machine
    this.#dma = dma
    this.#core = core
    this.#memory = memory
    this.#imports = new GemImports(parts, memory.device)
    this.#ops = this.#primeOps()
  }

  /** The bytes that a line of the device's pictures takes a multiple of. */
  get strideStep(): number {
    return this.#dma.devices.strideStep(this.#memory.device)
  }

  /** A zeroed buffer of `size` bytes, whole pages, with one reference. ENOMEM. */
  create(size: number): GemObject {
    const storage = this.#memory.allocate(size)
    if (storage === undefined) {
      throw new KernelError('ENOMEM', `${size} bytes asked, and the board has no such memory left`)
    }
    const buffer = this.#export(storage)
    storage.buffer = buffer.inode
    const mapping = this.#prepare(buffer, storage)
    const object: GemObject = {
      buffer,
      mapping,
      uses: 0,
      attachment: undefined,
      references: 1,
      handles: 0,
      fileFlags: undefined,
      mapOffset: undefined,
    }
    this.#own.set(buffer, object)
    return object
  }

  /**
   * May sleep. The object behind a dma-buf, with one more reference: the one made here, or a new one
   * that stays attached, and with `kept` imports mapped in both directions. The exporter's errors pass through.
   */
  async importBuffer(buffer: DmaBuf, fileFlags: number, signal?: AbortSignal): Promise<GemObject> {
    const own = this.#own.get(buffer)
    if (own !== undefined) return this.get(own)
    this.#core.get(buffer, DRIVER)
    try {
      return await this.#imports.attach(buffer, fileFlags, signal)
    } catch (error) {
      this.#core.put(buffer, DRIVER)
      throw error
    }
  }

  /** One more reference. An object that only descriptors kept alive comes back. */
  get(object: GemObject): GemObject {
    if (object.references === 0) this.#core.get(object.buffer, DRIVER)
    object.references++
    this.#recount(object)
    return object
  }

  /** One reference less. */
  put(object: GemObject): void {
    object.references--
    this.#recount(object)
    if (object.references > 0) return
    const { attachment, buffer } = object
    if (attachment === undefined) this.#core.put(buffer, DRIVER)
    else this.#imports.end(object, attachment)
  }

  /**
   * May sleep. The device is about to use the object: it is mapped until `used` is called as often as this and `use`.
   * The exporter's errors pass through. Undefined: it is mapped already, and the use begins at once.
   */
  prepareUse(object: GemObject): Promise<void> | undefined {
    return this.#imports.prepareUse(object)
  }

  /** One more use of an object whose use is prepared. */
  use(object: GemObject): void {
    object.uses++
  }

  /** A use ends. Does not sleep: an unmap waits for the lock of another task by itself. */
  used(object: GemObject): void {
    this.#imports.used(object)
  }

  /** One handle more or less is open on `object`. */
  countHandle(object: GemObject, by: 1 | -1): void {
    object.handles += by
    this.#recount(object)
  }

  /**
   * An object made here has one reference to its dma-buf for all its users. The kernel's has one as
   * long as there are handles: other holders of the object do not hold the dma-buf's file.
   */
  #recount({ buffer, attachment, references, handles }: GemObject): void {
    buffer.uncounted = attachment === undefined && references > 0 && handles === 0 ? 1 : 0
  }

  /** A file's table holds the dma-buf, and for an imported one the object too, by a handle. */
  hold({ buffer, attachment }: GemObject): void {
    this.#core.get(buffer, DRIVER)
    if (attachment !== undefined) this.#core.get(buffer, DRIVER)
  }

  /** Takes `hold` back. */
  letGo({ buffer, attachment }: GemObject): void {
    this.#core.put(buffer, DRIVER)
    if (attachment !== undefined) this.#core.put(buffer, DRIVER)
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

  #export(storage: Storage): DmaBuf {
    const { size } = storage
    try {
      const what = { exporter: 'drm', driver: DRIVER, size, ops: this.#ops, priv: storage }
      return this.#core.export(what)
    } catch (error) {
      this.#machine.ram.free(storage)
      throw error
    }
  }

  #prepare(buffer: DmaBuf, storage: Storage): DmaMapping | undefined {
    try {
      return this.#memory.prepare(storage)
    } catch (error) {
      this.#core.put(buffer, DRIVER)
      throw error
    }
  }

  /** drm_gem_prime_dmabuf_ops: mapping moves no data, and there is nothing to do for the CPU. */
  #primeOps(): DmaBufOps {
    return {
      cacheSgtMapping: true,
      mapDmaBuf: ({ buffer, device, id }, direction) =>
        this.#dma.map({
          device,
          table: tableOf(populated(buffer)),
          direction,
          skipCpuSync: true,
          buffer: buffer.inode,
          attachment: id,
          driver: DRIVER,
        }),
      unmapDmaBuf: (_attachment, mapping, direction) => this.#dma.unmap(mapping, { direction }),
      mmap: (buffer, offset, length, shared) => {
        if (!shared) throw new KernelError('EINVAL', 'a GEM buffer cannot be mapped MAP_PRIVATE')
        return cpuPages(buffer, offset, length)
      },
      vmap: (buffer) => {
        populated(buffer)
        return cpuPages(buffer, 0, buffer.size)
      },
      vunmap: () => {},
      release: (buffer) => this.#release(buffer),
    }
  }

  #release(buffer: DmaBuf): void {
    const object = this.#own.get(buffer)
    if (object?.mapping !== undefined) this.#dma.unmap(object.mapping)
    this.#own.delete(buffer)
    this.#machine.ram.free(storageOf(buffer))
  }
}

function cpuPages(buffer: DmaBuf, offset: number, length: number): CpuPages {
  return { runs: [{ storage: storageOf(buffer), offset, length }], attribute: 'write-combine' }
}

/** All its pages, without faults (drm_gem_get_pages). ENOMEM. */
function populated(buffer: DmaBuf): Storage {
  const storage = storageOf(buffer)
  storage.touch(0, storage.size)
  return storage
}

function storageOf(buffer: DmaBuf): Storage {
  return buffer.priv as Storage
}
