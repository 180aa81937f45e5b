import { DmaHeap, DrmDevice } from 'dmabuf'
import { runProgram, toRgba } from 'dmabuf/sim'
import { expect, it } from 'vitest'

it('toRgba gives the pixels of a frame that was shown, without the padding of its lines', async () => {
  const shown: Uint8Array[] = []
  const result = await runProgram(
    async (kernel) => {
      await using display = await DrmDevice.open(kernel)
      using heap = DmaHeap.open(kernel)
      using buffer = await heap.allocate(32 * 512)
      // Blue, green, red, unused.
      await buffer.withCpuAccess('write', (bytes) => {
        for (let at = 0; at < bytes.length; at += 4) bytes.set([1, 2, 3, 9], at)
      })
      await display.show(buffer, { width: 64, height: 32, format: 'XR24', stride: 512 })
    },
    { onFrame: (frame) => shown.push(toRgba(frame)) },
  )
  expect(result.verdict).toBe('clean')
  expect(shown[0]).toHaveLength(64 * 32 * 4)
  expect([...(shown[0]?.subarray(0, 8) ?? [])]).toEqual([3, 2, 1, 255, 3, 2, 1, 255])
})
