/** Stores before a CPU access begins are outside of it, for every kind of access. */
import { DmaHeap, DrmDevice, type Kernel, VideoDevice } from 'dmabuf'
import { patternSource, runProgram } from 'dmabuf/sim'
import { expect, it } from 'vitest'

async function rules(storeInside: boolean): Promise<string[]> {
  const program = async (kernel: Kernel): Promise<void> => {
    await using camera = await VideoDevice.open(kernel)
    await using display = await DrmDevice.open(kernel)
    using heap = DmaHeap.open(kernel)
    const format = await camera.setFormat({ width: 64, height: 32, format: 'XR24' })
    await camera.start(await heap.allocateBuffers(2, format.sizeImage))
    for await (await using frame of camera.frames({ count: 1 })) {
      using map = frame.buffer.map()
      await frame.buffer.startCpuAccess('read')
      const bytes = map.bytes
      await frame.buffer.endCpuAccess('read')
      if (!storeInside) bytes.fill(4)
      await frame.buffer.startCpuAccess('write')
      if (storeInside) bytes.fill(4)
      await frame.buffer.endCpuAccess('write')
      await display.show(frame)
    }
  }
  const run = await runProgram(program, { source: patternSource(64, 32) })
  expect(run.error).toBeUndefined()
  return run.findings.map(({ rule }) => rule)
}

it('is told as a store outside any access', async () => {
  expect(await rules(false)).toContain('write-outside-bracket')
  expect(await rules(true)).toEqual([])
})

it('calls a program that threw failed, not clean', async () => {
  const run = await runProgram(() => {
    throw new Error('boom')
  })
  expect([run.verdict, run.error?.kind]).toEqual(['failed', 'threw'])
})
