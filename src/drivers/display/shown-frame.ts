import type { PixelFormatName } from '../../media/pixel-format.ts'

/** One whole picture as the beam found it in memory, band after band. */
export interface ShownFrame {
  /** The number of the vertical blank that ended it, as flip events count them. */
  readonly sequence: number
  /** Virtual nanoseconds, at the end of the picture's last line. */
  readonly time: number
  /** Visible pixels. */
  readonly width: number
  readonly height: number
  readonly format: PixelFormatName
  /** Bytes from line to line of the first plane; there is no padding. */
  readonly stride: number
  /** @deprecated Use `stride`. */
  readonly pitch: number
  /**
   * The display's own copy, laid out as the table of pixel formats says, without padding. Valid until
   * the callback returns: the next picture is read into the same bytes.
   */
  readonly bytes: Uint8Array
  /** How many of the bytes differ from those of a coherent machine. */
  readonly wrongBytes: number
  /**
   * The bytes that a coherent machine would have shown, as new bytes of the same layout. Bytes that no
   * copy holds any more are 0. Callable until the callback returns.
   */
  readonly expected: () => Uint8Array
  /** The inode of the buffer that holds the first plane. */
  readonly buffer: number
  /** The first whole picture from this framebuffer since it became current. */
  readonly first: boolean
}

/** Called at the end of each picture; must not keep `frame.bytes`. */
export type OnFrame = (frame: ShownFrame) => void
