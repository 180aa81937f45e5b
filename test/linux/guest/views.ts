import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { beat } from '../../../lab/guest/beat.ts'
import { DMA_HEAP_IOCTL_ALLOC, dmaHeapAllocationData } from '../../../src/abi/dma-heap.ts'
import { O_RDONLY } from '../../../src/abi/fcntl.ts'
import { plainArg } from '../../../src/syscalls/ioctl-arg.ts'
import { heapBuffer, openFds, SIZE, withKernel } from './fixtures.ts'

function collectGarbage(): void {
  ;(globalThis as { gc?: () => void }).gc?.()
}

describe('bytes of a dma-buf', () => {
  it('read as zeros after the mapping is gone, under garbage collection too', () =>
    withKernel(async (kernel) => {
      const kept: Uint8Array[] = []
      for (let i = 0; i < 20; i++) {
        using buffer = await heapBuffer(kernel)
        using map = buffer.map()
        kept.push(map.bytes.fill(7))
      }
      for (let i = 0; i < 8; i++) {
        collectGarbage()
        await new Promise(setImmediate)
        for (const bytes of kept) {
          assert.equal(bytes[0], i)
          bytes.fill(i + 1)
        }
      }
    }))

  it('of a descriptor that is read-only are a copy', () =>
    withKernel(async ({ sys }) => {
      const heap = sys.open('/dev/dma_heap/system', O_RDONLY)
      const bytes = dmaHeapAllocationData.create({ len: SIZE, fd_flags: O_RDONLY })
      assert.equal(await sys.ioctl(heap, DMA_HEAP_IOCTL_ALLOC, plainArg(bytes)), 0)
      const { fd } = dmaHeapAllocationData.decode(bytes)
      const address = sys.mmap(SIZE, 1, 1, fd, 0)
      const view = sys.view(address, SIZE, 'mapping') as Uint8Array
      view.fill(1)
      const seen = new Uint8Array(1)
      sys.load(address, seen)
      assert.equal(seen[0], 0)
      sys.munmap(address, SIZE)
      sys.close(fd)
      sys.close(heap)
    }))

  it('end with their bracket in copy mode, and are in memory then', () =>
    withKernel(async (kernel) => {
      using buffer = await heapBuffer(kernel)
      let kept: Uint8Array | undefined
      await buffer.withCpuAccess('write', (bytes) => {
        bytes.fill(3)
        kept = bytes
      })
      assert.equal(kept?.length, 0)
      await buffer.withCpuAccess('read', (bytes) => assert.equal(bytes[SIZE - 1], 3))
      using map = buffer.map()
      map.bytes[1] = 5
      await buffer.withCpuAccess('read', (bytes) =>
        assert.deepEqual([...bytes.subarray(0, 3)], [3, 5, 3]),
      )
    }, 'copy'))
})

describe('many cycles', () => {
  it('leave descriptors, mappings and memory where they were', () =>
    withKernel(async (kernel) => {
      const cycle = async (): Promise<void> => {
        using buffer = await heapBuffer(kernel, 65_536)
        using map = buffer.map()
        await buffer.startCpuAccess('write')
        map.bytes[0] = 1
        await buffer.endCpuAccess('write')
      }
      for (let i = 0; i < 200; i++) await cycle()
      collectGarbage()
      const before = { fds: openFds(), rss: process.memoryUsage().rss }
      for (let i = 0; i < 1000; i++) {
        await cycle()
        beat()
      }
      collectGarbage()
      await new Promise(setImmediate)
      assert.equal(openFds(), before.fds)
      assert.deepEqual(kernel.held, { fds: [], mappings: 0 })
      assert.ok(process.memoryUsage().rss - before.rss < 64 << 20)
    }))
})
