/** Every call of the pipeline fails once: the error comes out, and nothing is left open or attached. */

import { DmaHeap, DrmDevice, type ErrnoCode, type Kernel, VideoDevice } from 'dmabuf'
import { type DmabufEvent, runProgram, type SimKernel } from 'dmabuf/sim'
import { expect, it } from 'vitest'

async function pipeline(kernel: Kernel): Promise<void> {
  await using camera = await VideoDevice.open(kernel)
  await using display = await DrmDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  const format = await camera.setFormat({ width: 640, height: 360, format: 'XR24' })
  await camera.start(await heap.allocateBuffers(3, format.sizeImage))
  for await (await using frame of camera.frames({ count: 2 })) {
    await frame.buffer.withCpuAccess('read-write', (bytes) => bytes.fill(1, 0, 64))
    await display.show(frame)
  }
}

/** Calls that give something back: when they fail it stays, on Linux as well. */
const GIVES_BACK = ['close', 'munmap', 'DRM_IOCTL_GEM_CLOSE', 'DRM_IOCTL_MODE_RMFB']
const LEAKS = ['fd-leak', 'map-leak', 'handle-alias']

async function callsMade(): Promise<ReadonlyMap<string, number>> {
  let kernel: SimKernel | undefined
  await runProgram(pipeline, {
    prepare: (prepared) => {
      kernel = prepared
    },
  })
  return new Map((kernel as SimKernel).callCounts)
}

async function withFailure(call: string, nth: number, code: ErrnoCode): Promise<string[]> {
  const open = { attach: 0, map: 0 }
  const count = (event: DmabufEvent): void => {
    if (event.kind === 'attach') open.attach++
    if (event.kind === 'detach') open.attach--
    if (event.kind === 'dma-map') open.map++
    if (event.kind === 'dma-unmap') open.map--
  }
  const result = await runProgram(pipeline, {
    prepare: (kernel) => kernel.fail(call, nth, code),
    onEvent: count,
  })
  const problems: string[] = []
  if (result.error === undefined) problems.push('the failure went by unnoticed')
  else if (!shown(call, code).some((errno) => result.error?.message.includes(errno))) {
    problems.push(result.error.message)
  }
  if (open.attach !== 0 || open.map !== 0) problems.push(`${JSON.stringify(open)} still open`)
  for (const { rule, message } of result.findings) {
    if (LEAKS.includes(rule) && !GIVES_BACK.includes(call)) problems.push(message)
  }
  return problems
}

/**
 * The errors that may come out: the page allocator returns no page or a page, of which its callers make
 * ENOMEM; videobuf2 makes EINVAL of any failure to map, DRM passes it on.
 */
function shown(call: string, code: ErrnoCode): ErrnoCode[] {
  if (call === 'map_dma_buf' || call === 'dma_map_sgtable') return ['EINVAL', code]
  return call === 'alloc_pages' ? ['ENOMEM'] : [code]
}

it('lets go of everything, whichever call fails', async () => {
  const calls = await callsMade()
  expect(calls.size).toBeGreaterThan(15)
  for (const [call, times] of calls) {
    for (let nth = 1; nth <= times; nth++) {
      expect(await withFailure(call, nth, 'EIO'), `${call}, call ${nth}`).toEqual([])
    }
  }
}, 120_000)
