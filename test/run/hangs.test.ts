/**
 * The report on a program that waits for ever: the waiting tasks and their places, the holders, and
 * the remedy.
 */
import { DmaHeap, DrmDevice, type Frame, type Kernel, VideoDevice } from 'dmabuf'
import { type ProgramError, patternSource, runProgram } from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'

const SIZE = { width: 64, height: 32 }
const WAITS_LONG = 20_000

async function errorOf(program: (kernel: Kernel) => Promise<unknown>): Promise<ProgramError> {
  const { error } = await runProgram(program, { source: patternSource(SIZE.width, SIZE.height) })
  if (error === undefined) throw new Error('the program ended')
  return error
}

async function camera(kernel: Kernel, count: number): Promise<VideoDevice> {
  const device = await VideoDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  const { sizeImage } = await device.setFormat({ ...SIZE, format: 'XR24' })
  await device.start(await heap.allocateBuffers(count, sizeImage))
  return device
}

describe('a program that takes more frames than there are buffers', () => {
  it('and disposes none is told how many it holds, where they were taken, and to dispose them', async () => {
    const { kind, message, place } = await errorOf(async (kernel) => {
      await using device = await camera(kernel, 3)
      for await (const frame of device.frames({ count: 5 })) void frame
    })
    expect(kind).toBe('stuck')
    expect(message).toMatch(
      /the program waits for a frame of \/dev\/video0 \(at hangs\.test\.ts:\d+/,
    )
    expect(message).toMatch(
      /all 3 buffers of camera are held: 3 by the program \(taken at hangs\.test\.ts:\d+:\d+\) and not returned/,
    )
    expect(message).toMatch(/Dispose each frame .*await using frame of/)
    expect(place?.file).toMatch(/hangs\.test\.ts$/)
  })

  it('while the display keeps the only one is told to start with more', async () => {
    const { message } = await errorOf(async (kernel) => {
      await using device = await camera(kernel, 1)
      await using display = await DrmDevice.open(kernel)
      for await (await using frame of device.frames({ count: 3 })) await display.show(frame)
    })
    expect(message).toMatch(
      /all 1 buffers of camera are held: 1 by display, which shows or reads it/,
    )
    expect(message).toMatch(/Start with more buffers: a display keeps the one that it shows/)
    expect(message).not.toMatch(/start the stream/)
  })
})

describe('a program that waits for an event of the display', () => {
  it('and never flips is told to flip', async () => {
    const { message } = await errorOf(async (kernel) => {
      await using display = await DrmDevice.open(kernel)
      await display.readEvent()
    })
    expect(message).toMatch(/an event of \/dev\/dri\/card0 \(at hangs\.test\.ts/)
    expect(message).toMatch(/for each pageFlip that asks for one/)
    expect(message).not.toMatch(/Queue a buffer/)
  })
})

describe('tasks that wait for each other', () => {
  it('are each named, with the last call that they made', async () => {
    const { kind, message } = await errorOf(async (kernel) => {
      const never = (): Promise<void> => new Promise(() => {})
      const work = async (): Promise<void> => {
        await kernel.sleep(10)
        kernel.sys.close(99)
        await never()
      }
      await Promise.all([kernel.spawn('producer', work), kernel.spawn('consumer', work)])
    })
    expect(kind).toBe('stuck')
    expect(message).toMatch(/the program waits for task 'producer' to end/)
    expect(message).toMatch(
      /task 'consumer' waits for a promise that none of its calls settles \(its last call was close \(at hangs/,
    )
    expect(message).not.toMatch(/Queue a buffer|start the stream/)
  })
})

describe('a pool of frames that starves', () => {
  it(
    'is told as a promise of the program, with the buffers that are held',
    async () => {
      const { kind, message } = await errorOf(async (kernel) => {
        await using device = await camera(kernel, 2)
        const taken: Frame[] = []
        for await (const frame of device.frames({ count: 2 })) taken.push(frame)
        await new Promise(() => {})
      })
      expect(kind).toBe('waits-elsewhere')
      expect(message).toMatch(/all 2 buffers of camera are held: 2 by the program \(taken at hangs/)
      expect(message).toMatch(/a promise of the program/)
    },
    WAITS_LONG,
  )

  it(
    'is not said of a program that waits for a timer of the host and holds nothing',
    async () => {
      const { message } = await errorOf(async () => await new Promise(() => {}))
      expect(message).toMatch(/something outside the kernel/)
      expect(message).not.toMatch(/are held/)
    },
    WAITS_LONG,
  )
})
