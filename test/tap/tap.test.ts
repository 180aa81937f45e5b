import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { CallEvent } from '../../src/events/event.ts'
import { setOriginCapture } from '../../src/syscalls/origin.ts'
import type { Syscalls } from '../../src/syscalls/syscalls.ts'
import { formatOrigin } from '../../src/tap/format-origin.ts'
import { tap } from '../../src/tap/tap.ts'
import { DmaHeap } from '../../src/user/dma-heap.ts'
import { FakeKernel } from '../user/fake-kernel.ts'
import { ownMemoryPipeline, pipeline } from '../user/pipeline.ts'

type Call = Omit<CallEvent, 'id' | 'time' | 'agent' | 'task' | 'process'>

function tapped(kernel = new FakeKernel()): { sys: Syscalls; calls: Call[]; kernel: FakeKernel } {
  const calls: Call[] = []
  let events = 0
  const sys = tap(kernel.sys, (event) => {
    if (event.kind === 'call') calls.push(event)
    return ++events
  })
  return { sys, calls, kernel }
}

describe('the tap', () => {
  test('announces each call twice, with its name, arguments and result', async () => {
    const { sys, calls } = tapped()
    using heap = DmaHeap.open({ sys })
    using buffer = await heap.allocate(4096)
    await buffer.setName('picture')
    await buffer.withCpuAccess('write', () => undefined)
    const lines = calls.map(
      ({ call, phase, name, fd, text, result }) =>
        `${call} ${phase} ${name} ${fd ?? '-'} ${text ?? '-'} ${result ?? '-'}`,
    )
    expect(lines.filter((line) => !line.includes('munmap')).join('\n')).toMatchInlineSnapshot(`
      "1 enter open - '/dev/dma_heap/system', O_RDONLY | O_CLOEXEC -
      1 exit open - - 3
      2 enter DMA_HEAP_IOCTL_ALLOC 3 len 4096, fd_flags 524290 -
      2 exit DMA_HEAP_IOCTL_ALLOC 3 len 4096, fd 4, fd_flags 524290 0
      3 enter lseek 4 0, 1 -
      3 exit lseek 4 - -22
      4 enter lseek 4 0, 2 -
      4 exit lseek 4 - 4096
      5 enter DMA_BUF_SET_NAME_B 4 'picture' -
      5 exit DMA_BUF_SET_NAME_B 4 - 0
      6 enter DMA_BUF_IOCTL_SYNC 4 START | WRITE -
      6 exit DMA_BUF_IOCTL_SYNC 4 - 0
      7 enter mmap 4 4096 bytes from 0, protection 3 -
      7 exit mmap 4 - 16842752
      8 enter view - 4096 bytes at 0x1010000, bracket -
      8 exit view - - 0
      9 enter DMA_BUF_IOCTL_SYNC 4 END | WRITE -
      9 exit DMA_BUF_IOCTL_SYNC 4 - 0"
    `)
  })

  test('tells of memory that is a file, by the names of the calls', () => {
    const { sys, calls } = tapped()
    sys.memfdCreate('frames', 3)
    sys.ftruncate(7, 4096)
    sys.mremap(8192, 4096, 12288, 1)
    const lines = calls.map(({ name, phase, fd, address, length, text, result }) =>
      [phase, name, fd, address, length, text, result]
        .filter((part) => part !== undefined)
        .join(' '),
    )
    expect(lines).toEqual([
      "enter memfd_create 'frames', flags 3",
      'exit memfd_create -38',
      'enter ftruncate 7 4096 4096 bytes',
      'exit ftruncate 7 4096 -22',
      'enter mremap 8192 12288 12288 bytes at 0x2000 instead of 4096, flags 1',
      'exit mremap 8192 12288 -14',
    ])
  })

  test('shows formats as letters', async () => {
    const { sys, calls } = tapped()
    await pipeline({ sys }, 1)
    const text = (name: string, phase: string): string | undefined =>
      calls.find((call) => call.name === name && call.phase === phase)?.text
    expect(text('VIDIOC_S_FMT', 'enter')).toBe(
      "type 1, pix { width 64, height 32, pixelformat 'XR24' }",
    )
    expect(text('VIDIOC_S_FMT', 'exit')).toContain('sizeimage 8192')
    expect(text('DRM_IOCTL_MODE_ADDFB2', 'enter')).toContain("pixel_format 'XR24'")
    expect(text('poll', 'enter')).toMatch(/^fd \d+ events 1$/)
  })

  test('passes errors on', () => {
    const { sys, calls } = tapped()
    expect(sys.close(77)).toBe(-9)
    expect(calls.at(-1)).toMatchObject({ name: 'close', fd: 77, result: -9 })
  })
})

describe("the user's line", () => {
  const program = readFileSync(new URL('../user/pipeline.ts', import.meta.url), 'utf8').split('\n')

  test.each([pipeline, ownMemoryPipeline])('is on every call, also after an await', async (run) => {
    const { sys, calls, kernel } = tapped()
    await run({ sys })
    for (const { name, origin } of calls) {
      const site = formatOrigin(origin)
      expect(site?.file, name).toMatch(/\/test\/user\/pipeline\.ts$/)
    }
    // The same origin is in force inside the kernel.
    expect(kernel.origins).toEqual(
      calls.filter(({ phase }) => phase === 'enter').map((c) => c.origin),
    )
  })

  test.each([
    ['DMA_HEAP_IOCTL_ALLOC', 'heap.allocateBuffers'],
    ['VIDIOC_QBUF', 'camera.start'],
    ['VIDIOC_STREAMON', 'camera.start'],
    ['VIDIOC_DQBUF', 'camera.frames'],
    ['DRM_IOCTL_PRIME_FD_TO_HANDLE', 'display.show(frame)'],
    ['DRM_IOCTL_MODE_SETCRTC', 'display.show(frame)'],
    ['view', 'cpu.bytes.fill'],
    ['mmap', 'cpu.bytes.fill'],
  ])('of %s is that with %s', async (name, source) => {
    const { sys, calls } = tapped()
    await pipeline({ sys }, 2)
    const site = formatOrigin(calls.find((call) => call.name === name)?.origin)
    expect(program[(site?.line ?? 0) - 1]).toContain(source)
  })

  test('is missing when capture is off', () => {
    const { sys, calls } = tapped()
    setOriginCapture(false)
    try {
      DmaHeap.open({ sys })[Symbol.dispose]()
    } finally {
      setOriginCapture(true)
    }
    expect(calls.every(({ origin }) => origin === undefined)).toBe(true)
  })
})
