/**
 * Every call of a program fails once; the helper separates leaks and hangs from handled failures.
 */
import { DmaHeap, type Kernel, VideoDevice } from 'dmabuf'
import { patternSource, runEveryFailure } from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'
import { pipeline } from '../user/pipeline.ts'

const source = patternSource(64, 32)

/** Opens two heaps by hand and closes them, but not when the second cannot be opened. */
async function forgetful(kernel: Kernel): Promise<void> {
  const first = kernel.sys.open('/dev/dma_heap/system', 2)
  if (first < 0) throw new Error('no heap')
  const second = kernel.sys.open('/dev/dma_heap/system', 2)
  if (second < 0) throw new Error('no second heap')
  kernel.sys.close(first)
  kernel.sys.close(second)
}

/** Closes the first descriptor on the way out, and once more at the end. */
async function eager(kernel: Kernel): Promise<void> {
  const first = kernel.sys.open('/dev/dma_heap/system', 2)
  if (kernel.sys.dup(first) < 0) kernel.sys.close(first)
  else kernel.sys.close(first + 1)
  kernel.sys.close(first)
}

/** Waits for ever if the stream cannot be started. */
async function patient(kernel: Kernel): Promise<void> {
  await using camera = await VideoDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  const { sizeImage } = await camera.setFormat({ width: 64, height: 32, format: 'XR24' })
  const buffers = await heap.allocateBuffers(2, sizeImage)
  try {
    await camera.start(buffers)
  } catch {
    for (const buffer of buffers) buffer[Symbol.dispose]()
    await new Promise(() => {})
  }
}

describe('a program, run once for each thing that can fail', () => {
  it('is clean where all is released on every way out', async () => {
    const progress: number[] = []
    const result = await runEveryFailure((kernel) => pipeline(kernel, 2), {
      source,
      onProgress: (done, all) => progress.push(done / all),
    })
    expect(result.bad).toEqual([])
    expect(result.verdict).toBe('clean')
    const calls = new Set(result.outcomes.map(({ call }) => call))
    expect(calls.size).toBeGreaterThan(15)
    expect(calls).toContain('DMA_BUF_IOCTL_SYNC')
    expect(progress.at(-1)).toBe(1)
    // A swallowed error would prove nothing.
    const restarted = result.outcomes.filter(({ end }) => end === 'returned')
    expect(new Set(restarted.map(({ call }) => call))).toEqual(new Set(['poll']))
  }, 60_000)

  it('names the failure after which a descriptor stays open', async () => {
    const { bad } = await runEveryFailure(forgetful)
    expect(bad.map(({ call, nth, code }) => `${call} ${nth} ${code}`)).toEqual(['open 2 EMFILE'])
    expect(bad[0]?.leaks.map(({ what, made }) => `${what} ${made.kind}`)).toEqual([
      'descriptor fd-open',
    ])
  })

  it('names the failure after which something is closed twice', async () => {
    const { bad } = await runEveryFailure(eager)
    expect(bad.map(({ call, nth }) => `${call} ${nth}`)).toEqual(['open 1', 'dup 1'])
    expect(bad[1]?.findings.map(({ rule }) => rule)).toEqual(['fd-misuse'])
  })

  it('names the failure after which the program hangs', async () => {
    const { bad } = await runEveryFailure(patient, {
      source,
      only: (call) => call === 'VIDIOC_STREAMON',
    })
    expect(bad.map(({ call, end }) => `${call} ${end}`)).toEqual([
      'VIDIOC_STREAMON waits-elsewhere',
    ])
  })

  it('fails calls with the codes that it is given, and only those wanted', async () => {
    const { outcomes } = await runEveryFailure((kernel) => pipeline(kernel, 2), {
      source,
      only: (call) => call === 'DMA_BUF_IOCTL_SYNC',
      codes: { DMA_BUF_IOCTL_SYNC: 'EAGAIN' },
      most: 2,
    })
    // The classes try again.
    expect(outcomes.map(({ code, nth, end }) => `${code} ${nth} ${end}`)).toEqual([
      'EAGAIN 1 returned',
      'EAGAIN 2 returned',
    ])
  })

  it('refuses a program that fails by itself', async () => {
    await expect(
      runEveryFailure(() => {
        throw new Error('always')
      }),
    ).rejects.toThrow(/fails by itself.*always/)
  })
})
