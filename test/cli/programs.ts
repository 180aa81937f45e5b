/** Programs as people write them, a few lines each. */

/** Shows `count` frames from three buffers. `draw` is the loop's work on each. */
export const pipeline = (
  draw: string,
  count = 3,
): string => `import { DmaHeap, DrmDevice, type Kernel, VideoDevice } from 'dmabuf'

interface Unused {
  readonly moves: 'the lines that are left'
}

export default async (kernel: Kernel): Promise<void> => {
  await using camera = await VideoDevice.open(kernel)
  const format = await camera.setFormat({ width: 64, height: 32, format: 'XR24' })
  using heap = DmaHeap.open(kernel)
  await using display = await DrmDevice.open(kernel)
  await camera.start(await heap.allocateBuffers(3, format.sizeImage))
  for await (await using frame of camera.frames({ count: ${count} })) {
    ${draw}
    await display.show(frame)
  }
}
`

/** The line of `draw` in `pipeline`. */
export const drawLine = 14

export const clean: string = pipeline(
  "await frame.buffer.withCpuAccess('read-write', (bytes) => bytes.fill(255, 0, 256))",
)
export const noBracket: string = pipeline(
  'using map = frame.buffer.map(); map.bytes.fill(7, 0, 256)',
  6,
)

/** Wrong, and before anything comes of it, broken. */
export const noBracketThenThrows: string = pipeline(
  [
    'using map = frame.buffer.map(); map.bytes.fill(7, 0, 256)',
    "if (frame.sequence === 2) throw new Error('boom')",
  ].join('\n    '),
)

/** A program whose body is `lines`; its first line is the file's third. */
export const program = (...lines: string[]): string =>
  [
    "import { DmaHeap, type Kernel, VideoDevice } from 'dmabuf'",
    'export default async (kernel: Kernel): Promise<unknown> => {',
    ...lines.map((line) => `  ${line}`),
    '  return [DmaHeap, VideoDevice, kernel]',
    '}',
    '',
  ].join('\n')
