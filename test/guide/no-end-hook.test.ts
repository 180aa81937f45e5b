/** An exporter whose END syncs nothing, under a correct program: the driver is named, not the program. */
import { DmaHeap, type Kernel, VideoDevice } from 'dmabuf'
import { patternSource, boards as ready, runProgram } from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'
import { gateway } from '../../examples/driver/gateway.ts'
import { withMistake } from './edited.ts'
import type { Edit } from './mistakes.ts'

const FILE = 'page-buffer.ts'
const END = 'endCpuAccess(buffer) {'
const EXPORT =
  'return context.dmaBufExport({ size: pages.size, flags, priv, ops: pageOps(context) })'
/** Here the camera has bounce copies: no dirty line lies over its stores. */
const BOUNCES = ['pc-bounce', 'rpi4']
const source = patternSource(160, 120)

/** The camera gets each buffer again, with no other device in between. */
async function draw(kernel: Kernel): Promise<void> {
  await using camera = await VideoDevice.open(kernel)
  using heap = DmaHeap.open(kernel, 'pages')
  const { sizeImage } = await camera.setFormat({ width: 160, height: 120, format: 'XR24' })
  await camera.start(await heap.allocateBuffers(3, sizeImage))
  for await (await using frame of camera.frames({ count: 6 })) {
    await frame.buffer.withCpuAccess('read-write', (bytes) => void bytes.fill(7, 0, 640))
  }
}

const NOTHING = [`sync-is-noop at ${FILE}: ${EXPORT}`]
const mistakes: readonly (readonly [what: string, edits: readonly Edit[], named: string[]])[] = [
  ['returns at once', [{ from: END, to: `${END}\n      return` }], NOTHING],
  ['is misspelt', [{ from: END, to: 'endCPUAccess(buffer) {' }], NOTHING],
  ['is right', [], []],
]

describe.each(mistakes)('the end hook %s', (what, edits, named) => {
  const boards = [...ready.values(), gateway].filter(({ name }) => !BOUNCES.includes(name))
  it.each(boards)('on $name', async (board) => {
    const edited = await withMistake({ what, file: FILE, edits, named: [] })
    try {
      const { drivers } = edited
      const { findings } = await runProgram(draw, { board, policy: 'lazy', source, drivers })
      expect(findings.map((one) => `${one.rule} at ${edited.lineOf(one)}`)).toEqual(named)
    } finally {
      edited.remove()
    }
  })
})
