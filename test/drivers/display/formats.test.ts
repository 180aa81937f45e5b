import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fourcc } from '../../../src/abi/fourcc.ts'
import { Bench } from './bench.ts'
import { Drm } from './drm.ts'
import { holds } from './holds.ts'
import { PERIOD, pattern } from './small.ts'

/** Bytes of a sample, and how many pixels share one: across and down. */
const shapes = {
  XR24: [[4, 1]],
  YU12: [
    [1, 1],
    [1, 2],
    [1, 2],
  ],
  NV12: [
    [1, 1],
    [2, 2],
  ],
} as const

interface Plane {
  readonly at: number
  readonly pitch: number
  readonly bytes: number
  readonly share: number
}

interface Rectangle {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** The visible bytes, one by one. */
function visible(memory: Uint8Array, planes: readonly Plane[], view: Rectangle): Uint8Array {
  const found: number[] = []
  for (const { at, pitch, bytes, share } of planes) {
    for (let row = view.y / share; row < (view.y + view.height) / share; row++) {
      const first = at + row * pitch + (view.x / share) * bytes
      for (let i = 0; i < (view.width / share) * bytes; i++) found.push(memory[first + i] ?? 0)
    }
  }
  return Uint8Array.from(found)
}

const even = (min: number, max: number): fc.Arbitrary<number> =>
  fc.integer({ min: min / 2, max: max / 2 }).map((half) => half * 2)
const cases = fc.record({
  name: fc.constantFrom('XR24', 'YU12', 'NV12'),
  view: fc.record({ x: even(0, 6), y: even(0, 6), width: even(16, 40), height: even(16, 40) }),
  right: even(0, 8),
  below: even(0, 8),
  padding: fc.array(fc.constantFrom(0, 0, 2, 64), { minLength: 3, maxLength: 3 }),
  gaps: fc.array(fc.constantFrom(0, 0, 10), { minLength: 3, maxLength: 3 }),
  bands: fc.integer({ min: 1, max: 50 }),
})

describe('a framebuffer of any layout', () => {
  it('is shown as its visible bytes, plane after plane', () =>
    holds(
      fc.asyncProperty(cases, async ({ name, view, right, below, padding, gaps, bands }) => {
        const width = view.x + view.width + right
        const height = view.y + view.height + below
        let end = 0
        const planes = shapes[name].map(([bytes, share], index): Plane => {
          const pitch = (width / share) * bytes + (padding[index] ?? 0)
          const at = end + (gaps[index] ?? 0)
          end = at + (height / share) * pitch
          return { at, pitch, bytes, share }
        })
        const bench = new Bench({ width: view.width, height: view.height, bands })
        const drm = new Drm(bench)
        const buffer = bench.heap.allocate(end)
        const content = pattern(end)
        const handle = await drm.import(bench.fdOf(buffer))
        await bench.fill(buffer, content)
        const id = await drm.addFb({
          width,
          height,
          pixel_format: fourcc(name),
          handles: planes.map(() => handle),
          pitches: planes.map(({ pitch }) => pitch),
          offsets: planes.map(({ at }) => at),
        })
        await drm.show(id, { x: view.x, y: view.y })
        await bench.sleep(PERIOD)
        expect(bench.shots[0]).toMatchObject({
          ...{ width: view.width, height: view.height },
          format: name,
        })
        expect(bench.shots[0]?.bytes).toEqual(visible(content, planes, view))
      }),
      { numRuns: 60 },
    ))

  it('can have its planes in several buffers, with a job for each', async () => {
    const bench = new Bench({ width: 32, height: 16 })
    const drm = new Drm(bench)
    const luma = bench.heap.allocate(512)
    const chroma = bench.heap.allocate(256)
    const handles = [await drm.import(bench.fdOf(luma)), await drm.import(bench.fdOf(chroma))]
    await bench.fill(luma, pattern(512))
    await bench.fill(chroma, pattern(256, 2))
    const values = { width: 32, height: 16, pixel_format: fourcc('NV12'), handles }
    await drm.show(await drm.addFb({ ...values, pitches: [32, 32] }))
    await bench.sleep(PERIOD)
    expect(bench.shots[0]?.bytes).toEqual(Uint8Array.from([...pattern(512), ...pattern(256, 2)]))
    expect(bench.of('job-start').map(({ buffer, range }) => [buffer, range.end])).toEqual([
      [luma.inode, 512],
      [chroma.inode, 256],
    ])
    await drm.off()
    expect(bench.of('job-end')).toHaveLength(2)
  })

  it('is one job and three loads a band for YU12 without gaps', async () => {
    const bench = new Bench({ width: 32, height: 16, bands: 1 })
    const drm = new Drm(bench)
    const handle = await drm.import(bench.fdOf(bench.heap.allocate(768)))
    const id = await drm.addFb({
      width: 32,
      height: 16,
      pixel_format: fourcc('YU12'),
      handles: [handle, handle, handle],
      pitches: [32, 16, 16],
      offsets: [0, 512, 640],
    })
    await drm.show(id)
    await bench.sleep(PERIOD)
    expect(bench.of('job-start').map(({ range }) => range)).toEqual([{ start: 0, end: 768 }])
    expect(bench.of('device-load').map(({ range }) => [range.start, range.end])).toEqual([
      [0, 512],
      [512, 640],
      [640, 768],
    ])
  })
})
