/**
 * The part of a framebuffer that is visible, as places in its buffers.
 */
import type { Range } from '../../events/event.ts'
import type { GemObject } from '../../kernel/drm/gem-object.ts'
import { KernelError } from '../../machine/kernel-error.ts'
import { lineBytes, planesOf } from '../../media/planes.ts'
import type { Framebuffer } from './framebuffer.ts'

/** A rectangle of a framebuffer, in pixels. */
export interface View {
  readonly framebuffer: Framebuffer
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** One plane of a view; all but `object` and `down` in bytes and lines of the plane. */
export interface VisiblePlane {
  readonly object: GemObject
  /** Where its first visible byte is, in the buffer. */
  readonly start: number
  readonly pitch: number
  readonly line: number
  readonly rows: number
  /** How many lines of the picture share one of its lines. */
  readonly down: number
  /** Where it begins in a copy without padding. */
  readonly target: number
}

/** ENOSPC for a view beyond the framebuffer, EINVAL for one that cuts a sample of chroma. */
export function checkView({ framebuffer, x, y, width, height }: View): void {
  if (x + width > framebuffer.width || y + height > framebuffer.height) {
    throw new KernelError(
      'ENOSPC',
      `${width}x${height} from ${x},${y} is more than the ${framebuffer.width}x${framebuffer.height} of framebuffer ${framebuffer.id}`,
    )
  }
  const { sizeStep, name } = framebuffer.format
  if ([x, y, width, height].some((side) => side % sizeStep !== 0)) {
    throw new KernelError('EINVAL', `${name} shares chroma by two: place and size must be even`)
  }
}

/** The planes of a view, first plane first. */
export function visiblePlanes({ framebuffer, x, y, width, height }: View): VisiblePlane[] {
  let target = 0
  return planesOf[framebuffer.format.name].flatMap((info, index) => {
    const plane = framebuffer.planes[index]
    if (plane === undefined) return []
    const line = lineBytes(info, width)
    const rows = height / info.down
    const start = plane.offset + (y / info.down) * plane.pitch + lineBytes(info, x)
    const visible = { object: plane.object, start, pitch: plane.pitch, line, rows, target }
    target += line * rows
    return [{ ...visible, down: info.down }]
  })
}

/** The bytes of its buffer that a plane lies between. */
export function rangeOf({ start, pitch, line, rows }: VisiblePlane): Range {
  return { start, end: start + (rows - 1) * pitch + line }
}
