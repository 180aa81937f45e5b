/** Omissions by users of the classes: one finding, at the line to mend, with a fix for them. */
import { readFileSync } from 'node:fs'
import { DmaHeap, DrmDevice, type Kernel, Memfd, Udmabuf, VideoDevice } from 'dmabuf'
import { patternSource } from 'dmabuf/sim'
import { runAll } from 'dmabuf/test'
import { describe, expect, it } from 'vitest'

const LAYOUT = { width: 64, height: 32, format: 'XR24', stride: 256 } as const
const SIZE = 8192
const source = patternSource(LAYOUT.width, LAYOUT.height)
const file = import.meta.filename

type Forgetful = (kernel: Kernel) => Promise<unknown>

/** May sleep. */
async function start(camera: VideoDevice, kernel: Kernel, count = 4): Promise<void> {
  using heap = DmaHeap.open(kernel)
  const { sizeImage } = await camera.setFormat(LAYOUT)
  await camera.start(await heap.allocateBuffers(count, sizeImage))
}

const read = (bytes: Uint8Array): Uint8Array => bytes.slice()
const draw = (bytes: Uint8Array): Uint8Array => bytes.fill(1)

/** The line that ends with the comment `// forgets: NAME` is the one to mend. */
const mistakes: Readonly<Record<string, readonly [rule: string, fix: string, Forgetful]>> = {
  'to dispose frames': [
    'fd-leak',
    'Dispose each frame',
    async (kernel) => {
      await using camera = await VideoDevice.open(kernel)
      await start(camera, kernel)
      const frames = camera.frames({ count: 4 }) // forgets: to dispose frames
      for await (const frame of frames) await frame.buffer.withCpuAccess('read', read)
    },
  ],
  'to dispose a frame that it retained': [
    'fd-leak',
    'Dispose each frame',
    async (kernel) => {
      await using camera = await VideoDevice.open(kernel)
      await start(camera, kernel)
      const frames = camera.frames({ count: 3 }) // forgets: to dispose a frame that it retained
      for await (await using frame of frames) frame.retain()
    },
  ],
  'to close the camera': [
    'fd-leak',
    'Declare the owner with `using`',
    async (kernel) => {
      const camera = await VideoDevice.open(kernel) // forgets: to close the camera
      await start(camera, kernel)
      for await (await using frame of camera.frames({ count: 8 })) {
        await frame.buffer.withCpuAccess('read', read)
      }
    },
  ],
  'to close the display': [
    'fd-leak',
    'Declare the owner with `using`',
    async (kernel) => {
      const display = await DrmDevice.open(kernel) // forgets: to close the display
      using heap = DmaHeap.open(kernel)
      using buffer = await heap.allocate(SIZE)
      await buffer.withCpuAccess('write', draw)
      await display.show(buffer, LAYOUT)
    },
  ],
  'to close the display that shows frames': [
    'fd-leak',
    'Declare the owner with `using`',
    async (kernel) => {
      await using camera = await VideoDevice.open(kernel)
      const display = await DrmDevice.open(kernel) // forgets: to close the display that shows frames
      await start(camera, kernel)
      for await (await using frame of camera.frames({ count: 8 })) await display.show(frame)
    },
  ],
  'to close a buffer': [
    'fd-leak',
    'Declare the owner with `using`',
    async (kernel) => {
      using heap = DmaHeap.open(kernel)
      const buffer = await heap.allocate(SIZE) // forgets: to close a buffer
      await buffer.withCpuAccess('write', draw)
    },
  ],
  'to close a buffer that exact access has filled': [
    'fd-leak',
    'Declare the owner with `using`',
    async (kernel) => {
      using heap = DmaHeap.open(kernel)
      const buffer = await heap.allocate(SIZE) // forgets: to close a buffer that exact access has filled
      await using cpu = await buffer.beginCpuAccess('write')
      cpu.fill(1)
    },
  ],
  'to close a buffer that is shown': [
    'fd-leak',
    'Declare the owner with `using`',
    async (kernel) => {
      await using display = await DrmDevice.open(kernel)
      using heap = DmaHeap.open(kernel)
      const buffer = await heap.allocate(SIZE) // forgets: to close a buffer that is shown
      await buffer.withCpuAccess('write', draw)
      await display.show(buffer, LAYOUT)
    },
  ],
  'to close several buffers': [
    'fd-leak',
    'Declare the owner with `using`',
    async (kernel) => {
      using heap = DmaHeap.open(kernel)
      const buffers = await heap.allocateBuffers(3, SIZE) // forgets: to close several buffers
      for (const buffer of buffers) await buffer.withCpuAccess('write', draw)
    },
  ],
  'to close a heap': [
    'fd-leak',
    'Declare the owner with `using`',
    async (kernel) => {
      const heap = DmaHeap.open(kernel) // forgets: to close a heap
      using buffer = await heap.allocate(SIZE)
      await buffer.withCpuAccess('write', draw)
    },
  ],
  'to close a second descriptor': [
    'fd-leak',
    'Declare the owner with `using`',
    async (kernel) => {
      using heap = DmaHeap.open(kernel)
      using buffer = await heap.allocate(SIZE)
      buffer.dup() // forgets: to close a second descriptor
    },
  ],
  'to close a sync file': [
    'fd-leak',
    'Declare the owner with `using`',
    async (kernel) => {
      using heap = DmaHeap.open(kernel)
      using buffer = await heap.allocate(SIZE)
      await buffer.exportSyncFile('read') // forgets: to close a sync file
    },
  ],
  'to close a memfd': [
    'fd-leak',
    'Declare the owner with `using`',
    async (kernel) => {
      using udmabuf = Udmabuf.open(kernel)
      const memfd = Memfd.create(kernel, 'pixels', SIZE, { seals: ['shrink'] }) // forgets: to close a memfd
      using buffer = await udmabuf.create(memfd)
      await buffer.withCpuAccess('write', draw)
    },
  ],
  'to close a mapping': [
    'map-leak',
    'Declare the mapping with `using`, or close it',
    async (kernel) => {
      using heap = DmaHeap.open(kernel)
      using buffer = await heap.allocate(SIZE)
      buffer.map() // forgets: to close a mapping
    },
  ],
  'to end a CPU access': [
    'unbalanced-bracket',
    'Pair each START with one END',
    async (kernel) => {
      using heap = DmaHeap.open(kernel)
      using buffer = await heap.allocate(SIZE)
      const cpu = await buffer.beginCpuAccess('write') // forgets: to end a CPU access
      cpu.fill(1)
    },
  ],
}

function lineOf(name: string): number {
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.findIndex((line) => line.endsWith(`// forgets: ${name}`)) + 1
}

describe('a program that forgets', () => {
  it.each(Object.entries(mistakes))(
    '%s gets one finding at that line, with a fix that it can follow',
    async (name, [rule, fix, program]) => {
      const { findings, error } = await runAll(program, { source })
      expect(error).toBeUndefined()
      expect(findings.map((finding) => finding.rule)).toEqual([rule])
      const [finding] = findings
      expect(finding?.where).toMatch(new RegExp(`^${file}:${lineOf(name)}:\\d+$`))
      expect(finding?.fix).toContain(fix)
      if (rule !== 'map-leak') expect(finding?.fix).not.toMatch(/munmap|handle/i)
    },
  )

  it('two things gets one finding for each, and none for what the first holds', async () => {
    const { findings } = await runAll(
      async (kernel) => {
        using heap = DmaHeap.open(kernel)
        const buffer = await heap.allocate(SIZE)
        const cpu = await buffer.beginCpuAccess('write')
        cpu.fill(1)
      },
      { source },
    )
    expect(findings.map(({ rule }) => rule).sort()).toEqual(['fd-leak', 'unbalanced-bracket'])
  })
})

describe('a program that waits for a frame in vain', () => {
  it('is told that it holds all frames, where it took them, and to dispose them', async () => {
    const { error, findings } = await runAll(
      async (kernel) => {
        await using camera = await VideoDevice.open(kernel)
        await start(camera, kernel)
        for await (const frame of camera.frames({ count: 8 })) {
          await frame.buffer.withCpuAccess('read', read)
        }
      },
      { source },
    )
    expect(findings).toEqual([])
    expect(error?.message).toMatch(/all 4 buffers of camera are held: 4 by the program/)
    expect(error?.message).toMatch(/taken at .*one-mistake-of-classes\.test\.ts:\d+/)
    expect(error?.message).toMatch(/Dispose each frame/)
  })

  it('is told that the display holds the only buffer, and to start with more', async () => {
    const { error, findings } = await runAll(
      async (kernel) => {
        await using camera = await VideoDevice.open(kernel)
        await using display = await DrmDevice.open(kernel)
        await start(camera, kernel, 1)
        for await (await using frame of camera.frames({ count: 8 })) await display.show(frame)
      },
      { source },
    )
    expect(findings).toEqual([])
    expect(error?.message).toMatch(/held: 1 by display/)
    expect(error?.message).toMatch(/Start with more buffers/)
  })
})
