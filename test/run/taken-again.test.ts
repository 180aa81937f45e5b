/** A mapping's array that is taken again after other calls: its stores are put down to the newest line. */
import { type DmaBuf, DmaHeap, DrmDevice, type Kernel, type Mapping } from 'dmabuf'
import { runProgram } from 'dmabuf/sim'
import { expect, it } from 'vitest'

const SIZE = { width: 64, height: 32 }

/** The line of this file that calls it. */
function here(): number {
  const [, , frame = ''] = (new Error('line').stack ?? '').split('\n')
  return Number(/:(\d+):\d+\)?$/.exec(frame)?.[1])
}

interface Picture {
  readonly kernel: Kernel
  readonly map: Mapping
  show(): Promise<void>
}

/** The rules and lines found where a dumb buffer is mapped without a CPU access, and drawn by `draw`. */
async function found(draw: (picture: Picture) => Promise<void>): Promise<unknown[]> {
  const program = async (kernel: Kernel): Promise<void> => {
    await using display = await DrmDevice.open(kernel)
    await using dumb = await display.createDumb(SIZE)
    using buffer = await dumb.exportBuffer()
    using map = buffer.map()
    const show = (): Promise<void> =>
      display.show(buffer, { ...SIZE, format: 'XR24', stride: dumb.stride })
    await draw({ kernel, map, show })
  }
  const { error, findings } = await runProgram(program, { board: 'arm-soc' })
  expect(error).toBeUndefined()
  return findings.map(({ rule, place }) => [rule, place?.line])
}

it('stores on screen are at the line that took the array last', async () => {
  let line = 0
  const lines = await found(async ({ kernel, map, show }) => {
    map.bytes.fill(7)
    await show()
    line = here() + 1
    map.bytes.fill(8)
    await kernel.sleep(5e7)
  })
  expect(lines).toEqual([['early-reuse', line]])
})

it('stores before the array was taken again stay at their line', async () => {
  let line = 0
  const lines = await found(async ({ kernel, map, show }) => {
    await show()
    line = here() + 1
    map.bytes.fill(7)
    DmaHeap.open(kernel).close()
    expect(map.bytes[0]).toBe(7)
    await kernel.sleep(5e7)
  })
  expect(lines).toEqual([['early-reuse', line]])
})

it('nothing is found where the array is only taken again', async () => {
  const lines = await found(async ({ kernel, map, show }) => {
    map.bytes.fill(7)
    await show()
    expect(map.bytes[0]).toBe(7)
    await kernel.sleep(5e7)
  })
  expect(lines).toEqual([])
})

it('an array that is taken twice without a CPU access is one finding', async () => {
  const draw = async (kernel: Kernel, display: DrmDevice, buffer: DmaBuf): Promise<void> => {
    using map = buffer.map()
    map.bytes.fill(1)
    await display.show(buffer, { ...SIZE, format: 'XR24', stride: 256 })
    await kernel.sleep(1e6)
    expect(map.bytes[0]).toBe(1)
    await kernel.sleep(1e6)
    expect(map.bytes[1]).toBe(1)
  }
  const program = async (kernel: Kernel): Promise<void> => {
    using heap = DmaHeap.open(kernel)
    await using display = await DrmDevice.open(kernel)
    using buffer = await heap.allocate(8192)
    await draw(kernel, display, buffer)
  }
  const { findings } = await runProgram(program, { board: 'arm-soc' })
  expect(findings.map(({ rule }) => rule)).toEqual(['write-outside-bracket'])
})
