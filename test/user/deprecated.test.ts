import { DmaHeap, DrmDevice, VideoDevice } from 'dmabuf'
import { describe, expect, it } from 'vitest'

describe('a deprecated name', () => {
  it('is the method that has the new name', () => {
    expect(DmaHeap.prototype.allocateAll).toBe(DmaHeap.prototype.allocateBuffers)
    expect(VideoDevice.prototype.startOwn).toBe(VideoDevice.prototype.startMmap)
    expect(DrmDevice.prototype.importHandle).toBe(DrmDevice.prototype.primeFdToHandle)
  })
})
