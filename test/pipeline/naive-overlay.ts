/**
 * The right output of the pipeline, drawn by plain loops: the clip converted by the stated formula,
 * and a box.
 */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { parseY4m, type Y4mClip } from '../../src/media/y4m.ts'

export const clip: Y4mClip = parseY4m(
  gunzipSync(readFileSync(new URL('../../media/vivid-640x360.y4m.gz', import.meta.url))),
)

const clamp = (value: number): number => Math.max(0, Math.min(255, value >> 8))

/** BT.601 limited range, by integers: one pixel after the other. */
export function naiveXr24(index: number): Uint8Array {
  const { width, height } = clip
  const yuv = clip.frame(index % clip.frameCount)
  const out = new Uint8Array(width * height * 4)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const chroma = (y >> 1) * (width / 2) + (x >> 1)
      const c = 298 * ((yuv[y * width + x] as number) - 16)
      const d = (yuv[width * height + chroma] as number) - 128
      const e = (yuv[(width * height * 5) / 4 + chroma] as number) - 128
      const at = (y * width + x) * 4
      out[at] = clamp(c + 516 * d + 128)
      out[at + 1] = clamp(c - 100 * d - 208 * e + 128)
      out[at + 2] = clamp(c + 409 * e + 128)
      out[at + 3] = 255
    }
  }
  return out
}

export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly colour: readonly [number, number, number, number]
}

export function drawBox(picture: Uint8Array, box: Box, width: number = clip.width): void {
  for (let y = box.y; y < box.y + box.height; y++) {
    for (let x = box.x; x < box.x + box.width; x++) {
      for (let i = 0; i < 4; i++) picture[(y * width + x) * 4 + i] = box.colour[i] as number
    }
  }
}
