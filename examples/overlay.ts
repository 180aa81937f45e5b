import type { ImageFormat } from 'dmabuf'

/** The box in pixels, and its colour: B, G, R, X. */
const BOX = { x: 48, y: 32, width: 160, height: 64 }
const COLOUR: readonly number[] = [0x30, 0xc0, 0xf0, 0xff]

/** Draws a box of one colour into an XR24 picture. */
export function drawOverlay(bytes: Uint8Array, { stride }: ImageFormat): void {
  const line = new Uint8Array(BOX.width * 4).map((_, i) => COLOUR[i % 4] ?? 0)
  for (let y = BOX.y; y < BOX.y + BOX.height; y++) bytes.set(line, y * stride + BOX.x * 4)
}
