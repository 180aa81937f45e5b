import type { GemObject } from '../../kernel/drm/gem-object.ts'
import type { PixelFormat } from '../../media/pixel-format.ts'

/** Where a plane lies. */
export interface FramebufferPlane {
  readonly object: GemObject
  /** Bytes from the buffer's start. */
  readonly offset: number
  /** Bytes from line to line. */
  readonly pitch: number
}

/** A picture in buffers (struct drm_framebuffer): holds a reference to the object of each plane. */
export interface Framebuffer {
  readonly id: number
  readonly format: PixelFormat
  /** Pixels. */
  readonly width: number
  readonly height: number
  readonly planes: readonly FramebufferPlane[]
  /** Its holders: the table of ids, and the displays that show it or are about to. */
  references: number
}
