import { DmaHeap, DrmDevice, type Kernel, Memfd, Udmabuf, VgemDevice, VideoDevice } from 'dmabuf'
import { runProgram } from 'dmabuf/sim'
import { describe, expect, test } from 'vitest'

/** The further members of every object that can be disposed. */
interface Closable {
  readonly closed: boolean
  close(): void | Promise<void>
}

/** Makes an object of each class, with its needs; the test closes all of them. */
const classes: Readonly<Record<string, (kernel: Kernel) => Promise<Closable[]>>> = {
  DmaHeap: async (kernel) => [DmaHeap.open(kernel)],
  DmaBuf: async (kernel) => {
    const heap = DmaHeap.open(kernel)
    return [await heap.allocate(4096), heap]
  },
  Mapping: async (kernel) => {
    const heap = DmaHeap.open(kernel)
    const buffer = await heap.allocate(4096)
    return [buffer.map(), buffer, heap]
  },
  CpuAccess: async (kernel) => {
    const heap = DmaHeap.open(kernel)
    const buffer = await heap.allocate(4096)
    return [await buffer.beginCpuAccess('read'), buffer, heap]
  },
  SyncFile: async (kernel) => {
    const heap = DmaHeap.open(kernel)
    const buffer = await heap.allocate(4096)
    return [await buffer.exportSyncFile('read'), buffer, heap]
  },
  Memfd: async (kernel) => [Memfd.create(kernel, 'frames', 4096)],
  Udmabuf: async (kernel) => [Udmabuf.open(kernel)],
  VideoDevice: async (kernel) => [await VideoDevice.open(kernel)],
  Frame: async (kernel) => {
    const camera = await VideoDevice.open(kernel)
    await camera.startMmap(2)
    for await (const frame of camera.frames({ count: 1 })) return [frame, camera]
    return []
  },
  DrmDevice: async (kernel) => [await DrmDevice.open(kernel)],
  DumbBuffer: async (kernel) => {
    const display = await DrmDevice.open(kernel)
    return [await display.createDumb({ width: 64, height: 64 }), display]
  },
  ImportedBuffer: async (kernel) => {
    const heap = DmaHeap.open(kernel)
    const display = await DrmDevice.open(kernel)
    const buffer = await heap.allocate(4096)
    return [await display.importBuffer(buffer), buffer, display, heap]
  },
  VgemDevice: async (kernel) => [await VgemDevice.open(kernel)],
}

describe.each(Object.entries(classes))('%s.close()', (_, make) => {
  test('releases everything, sets closed, and may be called again', async () => {
    const result = await runProgram(async (kernel) => {
      for (const object of await make(kernel)) {
        expect(object.closed).toBe(false)
        const closing = object.close()
        expect(object.closed).toBe(true)
        await closing
        await object.close()
        expect(object.closed).toBe(true)
      }
    })
    expect(result).toMatchObject({ verdict: 'clean', findings: [] })
  })

  test('leaves nothing to do for a using block', async () => {
    const result = await runProgram(async (kernel) => {
      for (const object of await make(kernel)) {
        await object.close()
        const either = object as Closable & Partial<Disposable & AsyncDisposable>
        either[Symbol.dispose]?.()
        await either[Symbol.asyncDispose]?.()
      }
    })
    expect(result).toMatchObject({ verdict: 'clean', findings: [] })
  })

  test('is a finding when it is never called', async () => {
    const { verdict } = await runProgram(async (kernel) => {
      await make(kernel)
    })
    expect(verdict).toBe('findings')
  })
})

test('two calls of close() at once wait for the same end, and the first reports its failure', async () => {
  const { value } = await runProgram(
    async (kernel) => {
      const display = await DrmDevice.open(kernel)
      const dumb = await display.createDumb({ width: 64, height: 64 })
      const ends = await Promise.allSettled([dumb.close(), dumb.close()])
      await display.close()
      return ends.map(({ status }) => status)
    },
    { prepare: (kernel) => kernel.fail('DRM_IOCTL_MODE_DESTROY_DUMB', 1, 'EINVAL') },
  )
  expect(value).toEqual(['rejected', 'fulfilled'])
})

test('a method called after close() says EBADF and the way out', async () => {
  const { value } = await runProgram(async (kernel) => {
    const camera = await VideoDevice.open(kernel)
    await camera.close()
    return await camera.formats().catch((error: Error) => error.message)
  })
  expect(value).toMatch(/EBADF.*'\/dev\/video0': the camera was closed: use it before close\(\)/)
})
