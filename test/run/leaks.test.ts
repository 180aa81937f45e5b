/** A forgotten close is one finding, at the line to mend. */
import { DmaHeap, DrmDevice, type Kernel, VideoDevice } from 'dmabuf'
import { patternSource, runProgram } from 'dmabuf/sim'
import { expect, it } from 'vitest'

const SIZE = { width: 64, height: 32 }

/** The findings, and the text of the lines that they point to. */
async function found(program: (kernel: Kernel) => Promise<void>): Promise<string[]> {
  const source = patternSource(SIZE.width, SIZE.height)
  const { findings, error } = await runProgram(program, { source })
  expect(error).toBeUndefined()
  return findings.map(({ rule, message }) => `${rule}: ${message}`)
}

async function start(camera: VideoDevice, kernel: Kernel): Promise<void> {
  using heap = DmaHeap.open(kernel)
  const { sizeImage } = await camera.setFormat({ ...SIZE, format: 'XR24' })
  await camera.start(await heap.allocateBuffers(4, sizeImage))
}

it('frames that are never disposed are named where they were taken', async () => {
  const messages = await found(async (kernel) => {
    await using camera = await VideoDevice.open(kernel)
    await start(camera, kernel)
    for await (const frame of camera.frames({ count: 4 })) void frame
  })
  expect(messages).toHaveLength(1)
  expect(messages[0]).toMatch(
    /^fd-leak: the program took buffer \d from camera .* never returned it/,
  )
})

it('devices that are never closed are named, and neither their buffers, handles nor mappings', async () => {
  const messages = await found(async (kernel) => {
    const camera = await VideoDevice.open(kernel)
    const display = await DrmDevice.open(kernel)
    await start(camera, kernel)
    for await (await using frame of camera.frames({ count: 4 })) {
      await frame.buffer.withCpuAccess('read-write', (bytes) => bytes.fill(1))
      await display.show(frame)
    }
  })
  expect(messages).toHaveLength(2)
  expect(messages[0]).toMatch(/^fd-leak: .*\/dev\/video0/)
  expect(messages[1]).toMatch(/^fd-leak: .*\/dev\/dri\/card0/)
})

it('a buffer that is never closed is named once, though an access had mapped it', async () => {
  const messages = await found(async (kernel) => {
    using heap = DmaHeap.open(kernel)
    const buffer = await heap.allocate(4096)
    await buffer.withCpuAccess('write', (bytes) => bytes.fill(1))
  })
  expect(messages).toHaveLength(1)
  expect(messages[0]).toMatch(/^fd-leak: .*buffer 1/)
})

it('what is disposed is no finding', async () => {
  const messages = await found(async (kernel) => {
    await using camera = await VideoDevice.open(kernel)
    await using display = await DrmDevice.open(kernel)
    await start(camera, kernel)
    for await (await using frame of camera.frames({ count: 4 })) {
      await frame.buffer.withCpuAccess('read-write', (bytes) => bytes.fill(1))
      await display.show(frame)
    }
  })
  expect(messages).toEqual([])
})
