import type { DmaMapping } from '../dma/mapping.ts'
import type { Attachment } from '../dmabuf/attachment.ts'
import type { DmaBuf } from '../dmabuf/dma-buf.ts'

/**
 * A buffer as a DRM device knows it (struct drm_gem_object): made here, or imported. Handles and
 * framebuffers refer to it.
 */
export interface GemObject {
  readonly buffer: DmaBuf
  /**
   * How the device's engine reaches it: as long as the object lives, or with `per-use` imports while it is in use.
   * Undefined: it does not.
   */
  mapping: DmaMapping | undefined
  /** Uses by the device's engine that go on. */
  uses: number
  /** Set on an imported object. */
  readonly attachment: Attachment | undefined
  /** Handles, framebuffers and mappings. */
  references: number
  /** Handles of all files (handle_count). */
  handles: number
  /** The access mode of the dma-buf's file; undefined until an object made here is first exported. */
  fileFlags: number | undefined
  /** Where mmap of the device finds it, once MAP_DUMB was called. */
  mapOffset: number | undefined
}
