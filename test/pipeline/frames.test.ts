/** The correct pipeline shows, byte for byte, the camera's pictures with the overlay, wherever it runs. */
import { DmaHeap, DrmDevice, type ImageFormat, type Kernel, VideoDevice } from 'dmabuf'
import { type Program, runProgram, y4mSource } from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'
import example from '../../examples/pipeline.ts'
import { type Box, clip, drawBox, naiveXr24 } from './naive-overlay.ts'

const EXAMPLE_BOX: Box = { x: 48, y: 32, width: 160, height: 64, colour: [0x30, 0xc0, 0xf0, 0xff] }
/** Whole cache lines: 640 pixels of 4 bytes are 40 lines of 64 bytes. */
const BAND: Box = { x: 0, y: 100, width: 640, height: 40, colour: [255, 255, 255, 255] }

const BOARDS = ['pc', 'arm-soc'] as const
const POLICIES = ['lazy', 'eager', 'random'] as const
const equal = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

type Draw = (bytes: Uint8Array, format: ImageFormat) => void

function pipeline(buffers: number, access: 'read-write' | 'write', draw: Draw): Program {
  return async (kernel: Kernel) => {
    await using camera = await VideoDevice.open(kernel)
    await using display = await DrmDevice.open(kernel)
    using heap = DmaHeap.open(kernel)
    const format = await camera.setFormat({ width: 640, height: 360, format: 'XR24' })
    await camera.start(await heap.allocateBuffers(buffers, format.sizeImage))
    for await (await using frame of camera.frames({ count: 12 })) {
      await frame.buffer.withCpuAccess(access, (bytes) => draw(bytes, format))
      await display.show(frame)
    }
  }
}

/** Every shown picture against the one of the same turn, as plain loops make it. */
async function expectPictures(
  program: Program,
  box: Box,
  count: number,
  oneByOne: boolean,
): Promise<void> {
  for (const board of BOARDS) {
    for (const policy of POLICIES) {
      const shown: Uint8Array[] = []
      const result = await runProgram(program, {
        board,
        policy,
        seed: 5,
        equal,
        source: y4mSource(clip),
        onFrame: (frame) => {
          if (frame.first) shown.push(frame.bytes.slice())
        },
      })
      const where = `${board} ${policy}`
      expect({ where, findings: result.findings, error: result.error }).toEqual({
        where,
        findings: [],
        error: undefined,
      })
      expect(shown.length, where).toBe(count)
      const candidates = Array.from({ length: clip.frameCount }, (_, i) => {
        const right = naiveXr24(i)
        drawBox(right, box)
        return right
      })
      let from = 0
      for (const [i, picture] of shown.entries()) {
        // With few buffers the camera loses frames: pictures stay in order, but some are missing.
        const found = candidates.findIndex((candidate, k) => k >= from && equal(candidate, picture))
        expect(found, `${where}: picture ${i}`).toBeGreaterThanOrEqual(from)
        if (oneByOne) expect(found, `${where}: picture ${i}`).toBe(i)
        from = found + 1
      }
    }
  }
}

describe('the correct pipeline', () => {
  it('shows all 24 pictures of the clip with the box of the example', async () => {
    await expectPictures(example, EXAMPLE_BOX, 24, true)
  }, 60_000)

  it('shows them with the same overlay in buffers that come round again and again', async () => {
    const band: Draw = (bytes, format) => drawBox(bytes, BAND, format.width)
    await expectPictures(pipeline(2, 'read-write', band), BAND, 12, false)
  }, 60_000)

  it('shows them when a write-only access draws whole lines only', async () => {
    const band: Draw = (bytes) => bytes.fill(255, BAND.y * 2560, (BAND.y + BAND.height) * 2560)
    await expectPictures(pipeline(2, 'write', band), BAND, 12, false)
  }, 60_000)
})
