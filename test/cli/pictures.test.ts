import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { PNG } from 'pngjs'
import { describe, expect, it } from 'vitest'
import { toRgba } from '../../src/media/convert.ts'
import { pixelFormats } from '../../src/media/pixel-format.ts'
import { dmabuf, folderWith, once } from './command.ts'
import { pipeline, program } from './programs.ts'

const size = { width: 64, height: 32 }
const frameBytes = 64 * 32 * 1.5

/** Frame `index` of a clip in which no two are alike. */
function frame(index: number): Uint8Array {
  return Uint8Array.from({ length: frameBytes }, (_, i) => (i * 7 + index * 31) % 256)
}

const clip = Buffer.concat([
  Buffer.from('YUV4MPEG2 W64 H32 F30:1 Ip A1:1 C420jpeg\n'),
  ...[0, 1].flatMap((index) => [Buffer.from('FRAME\n'), frame(index)]),
])

/** The picture of frame `index` on the display: converted, and its first line white. */
function shown(index: number): Uint8Array {
  const rgba = toRgba(pixelFormats.YU12, frame(index), size)
  return rgba.fill(255, 0, 256)
}

const folder = folderWith({
  'draws.ts': pipeline(
    "await frame.buffer.withCpuAccess('read-write', (bytes) => bytes.fill(255, 0, 256))",
  ),
  'draws-unsynced.ts': pipeline('frame.buffer.map().bytes.fill(255, 0, 256)', 6),
  'then-throws.ts': pipeline("if (frame.sequence === 2) throw new Error('enough')"),
  'shows-nothing.ts': program(),
  'clip.y4m': clip,
  'clip.y4m.gz': gzipSync(clip),
  'out-old/arm-soc-lazy/frame-0009.png': 'of an earlier program',
  'out-old/arm-soc-lazy/frame-0009.png.part': 'half of it',
  'out-old/arm-soc-lazy/mine.png': 'of somebody else',
})

function picturesIn(name: string): string[] {
  return readdirSync(join(folder, name)).sort()
}

describe.concurrent('dmabuf run --input --out', () => {
  it.each(['clip.y4m', 'clip.y4m.gz'])('%s comes out byte for byte', async (input) => {
    const out = `out-${input}`
    const words = ['run', 'draws.ts', '--policy', 'lazy', '--input', input, '--out', out]
    const { code, stderr } = await dmabuf(folder, words)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(picturesIn(out)).toEqual(['arm-soc-lazy', 'pc-lazy'])
    for (const run of picturesIn(out)) {
      const files = picturesIn(join(out, run))
      expect(files).toEqual(['frame-0001.png', 'frame-0002.png', 'frame-0003.png'])
      files.forEach((file, index) => {
        const png = PNG.sync.read(readFileSync(join(folder, out, run, file)))
        expect(png).toMatchObject(size)
        expect(Buffer.compare(Uint8Array.from(png.data), shown(index % 2))).toBe(0)
      })
    }
  })

  it('writes the first wrong picture beside the right one, and names it', async () => {
    const out = 'out-wrong'
    const words = ['run', 'draws-unsynced.ts', '--input', 'clip.y4m', '--out', out, '--json']
    const { stdout } = await dmabuf(folder, [...words, '--board', 'arm-soc', '--policy', 'lazy'])
    const [run] = JSON.parse(stdout).runs
    // The first three pictures are of buffers whose first import cleans the store.
    expect(run).toMatchObject({ frames: 6, firstWrongFrame: 4 })
    expect(run.wrongFrames).toBe(3)
    const files = picturesIn(join(out, 'arm-soc-lazy'))
    expect(files.filter((file) => file.startsWith('diff'))).toEqual(['diff-0004.png'])
    const png = PNG.sync.read(readFileSync(join(folder, out, 'arm-soc-lazy/diff-0004.png')))
    expect(png).toMatchObject({ width: 3 * 64 + 2 * 8, height: 32 })
    const panel = (index: number): Buffer => {
      const part = new PNG({ ...size })
      PNG.bitblt(png, part, index * 72, 0, 64, 32, 0, 0)
      return part.data
    }
    const unsynced = toRgba(pixelFormats.YU12, frame(1), size)
    expect(Buffer.compare(panel(0), unsynced)).toBe(0)
    expect(Buffer.compare(panel(1), shown(1))).toBe(0)
    expect([...panel(2).subarray(0, 4)]).toEqual([255, 0, 255, 255])
    const [finding] = run.findings.filter((one: { wrongNow: boolean }) => one.wrongNow)
    const differing = [0, 1].map((index) => {
      const right = shown(index)
      const bytes = toRgba(pixelFormats.YU12, frame(index), size)
      return bytes.filter((byte, at) => byte !== right[at]).length
    })
    expect(finding.wrongBytes).toBe(Math.max(...differing))
  })

  it('takes the pictures of an earlier run away, and nothing else', async () => {
    await dmabuf(folder, ['run', 'shows-nothing.ts', '--out', 'out-old', ...once])
    expect(picturesIn('out-old/arm-soc-lazy')).toEqual(['mine.png'])
  })

  it('keeps whole pictures of a program that fails', async () => {
    const words = ['run', 'then-throws.ts', '--out', 'out-throws', ...once]
    expect((await dmabuf(folder, words)).code).toBe(2)
    const files = picturesIn('out-throws/arm-soc-lazy')
    expect(files.length).toBeGreaterThan(0)
    for (const file of files) {
      expect(file).toMatch(/^frame-\d{4}\.png$/)
      PNG.sync.read(readFileSync(join(folder, 'out-throws/arm-soc-lazy', file)))
    }
  })

  it('makes no folder for a clip that cannot be read', async () => {
    const words = ['run', 'draws.ts', '--input', 'draws.ts', '--out', 'out-none']
    expect((await dmabuf(folder, words)).code).toBe(2)
    expect(existsSync(join(folder, 'out-none'))).toBe(false)
  })
})
