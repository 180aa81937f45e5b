/**
 * The driver's own buffers, for V4L2_MEMORY_MMAP: coherent memory; each EXPBUF makes a new dma-buf
 * of it. Source: vb2_dc_alloc, vb2_dc_get_dmabuf and vb2_dc_dmabuf_ops in
 * drivers/media/common/videobuf2/videobuf2-dma-contig.c of Linux 6.12.
 */

import { PAGE_SIZE } from '../../abi/fcntl.ts'
import type { BufferId } from '../../events/event.ts'
import type { DmaMapping } from '../../kernel/dma/mapping.ts'
import type { DmaMemory } from '../../kernel/dma/requests.ts'
import type { DmaBuf } from '../../kernel/dmabuf/dma-buf.ts'
import type { MappedMemory } from '../../kernel/dmabuf/file.ts'
import type { CpuPages, DmaBufOps } from '../../kernel/dmabuf/ops.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import { type CaptureContext, DRIVER, deviceName } from './context.ts'
import type { FrameMemory } from './frame-memory.ts'

/** KBUILD_MODNAME of the allocator: the exporter of its dma-bufs, whichever driver uses it. */
const EXPORTER = 'videobuf2_dma_contig'

/**
 * One buffer (struct vb2_dc_buf). The queue, every dma-buf made of it and every mapping of the camera's
 * file hold a reference; the memory is freed with the last.
 */
export class OwnMemory implements FrameMemory {
  readonly #context: CaptureContext
  readonly #allocated: DmaMemory
  readonly #exported = new Set<DmaBuf>()
  #references = 1

  private constructor(context: CaptureContext, allocated: DmaMemory) {
    this.#context = context
    this.#allocated = allocated
  }

  /**
   * Memory for a frame of `size` bytes, rounded up to pages and zeroed. Undefined when RAM is full, or
   * when the mapping for the camera cannot be made.
   */
  static allocate(context: CaptureContext, size: number): OwnMemory | undefined {
    const whole = Math.ceil(size / PAGE_SIZE) * PAGE_SIZE
    const request = { device: deviceName, size: whole, driver: DRIVER, what: 'frame buffer' }
    try {
      return new OwnMemory(context, context.dma.allocCoherent(request))
    } catch (error) {
      if (error instanceof KernelError) return undefined
      throw error
    }
  }

  get mapping(): DmaMapping {
    return this.#allocated.mapping
  }

  get ids(): readonly BufferId[] {
    return [...[...this.#exported].map(({ inode }) => inode), this.#allocated.memory.id]
  }

  /** Whether a dma-buf or a mapping of a process refers to it (vb2_buffer_in_use). */
  get isShared(): boolean {
    return this.#references > 1
  }

  /**
   * A new dma-buf of the memory, also if one was exported before. EINVAL if none can be made:
   * vb2_core_expbuf does not pass the reason on.
   */
  export(): DmaBuf {
    const { size } = this.#allocated.memory
    const what = { exporter: EXPORTER, driver: DRIVER, size, ops: this.#ops, priv: this }
    try {
      const buffer = this.#context.core.export(what)
      this.#references++
      this.#exported.add(buffer)
      return buffer
    } catch (error) {
      if (!(error instanceof KernelError)) throw error
      throw new KernelError('EINVAL', `no dma-buf could be made of the buffer (${error.message})`)
    }
  }

  /** The first `length` bytes, for a process that maps the camera's file. No CPU access governs them. */
  map(length: number): MappedMemory {
    this.#references++
    const { id } = this.#allocated.memory
    return { memory: id, offset: 0, pages: this.#pages(0, length), unmapped: () => this.#put() }
  }

  release(): void {
    this.#put()
  }

  /** Begin and end of CPU access are left out: coherent memory needs neither. */
  get #ops(): DmaBufOps {
    const { dma } = this.#context
    return {
      mapDmaBuf: ({ device, buffer, id }, direction) =>
        dma.map({
          device,
          table: this.#allocated.memory.table,
          direction,
          skipCpuSync: true,
          buffer: buffer.inode,
          attachment: id,
          driver: DRIVER,
        }),
      unmapDmaBuf: (_attachment, mapping) => dma.unmap(mapping),
      mmap: (_buffer, offset, length) => this.#pages(offset, length),
      vmap: ({ size }) => this.#pages(0, size),
      vunmap: () => {},
      release: (buffer) => {
        this.#exported.delete(buffer)
        this.#put()
      },
    }
  }

  #pages(offset: number, length: number): CpuPages {
    const { storage, start, attribute } = this.#allocated.memory
    return { runs: [{ storage, offset: start + offset, length }], attribute }
  }

  #put(): void {
    this.#references--
    if (this.#references === 0) this.#context.dma.free(this.#allocated)
  }
}
