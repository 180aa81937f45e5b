import { beforeEach, describe, expect, test } from 'vitest'
import { DmaBuf } from '../../src/user/dma-buf.ts'
import { DmaHeap } from '../../src/user/dma-heap.ts'
import type { FakeBuffer } from './fake-files.ts'
import { FakeKernel } from './fake-kernel.ts'

let kernel: FakeKernel
let buffer: DmaBuf
beforeEach(async () => {
  kernel = new FakeKernel()
  using heap = DmaHeap.open(kernel)
  buffer = await heap.allocate(5000)
})
const memory = (): FakeBuffer => kernel.files.buffer(buffer.fd) as FakeBuffer

describe('a heap', () => {
  test('allocates whole pages, and is closed without its buffers', () => {
    expect(buffer.size).toBe(8192)
    expect(kernel.leaks()).toEqual([`fd ${buffer.fd} dmabuf`])
  })

  test('says which heap there is not', () => {
    expect(() => DmaHeap.open(kernel, 'cma')).toThrow(
      /^ENOENT: no such file or directory, open '\/dev\/dma_heap\/cma': there is no heap 'cma'/,
    )
  })

  test('says that no bytes are no size', async () => {
    using heap = DmaHeap.open(kernel)
    await expect(heap.allocate(0)).rejects.toMatchObject({
      code: 'EINVAL',
      errno: -22,
      syscall: 'DMA_HEAP_IOCTL_ALLOC',
      message: expect.stringContaining('size 0 is less than a page'),
    })
  })

  test('refuses to allocate once closed, on no descriptor', async () => {
    const heap = DmaHeap.open(kernel)
    heap[Symbol.dispose]()
    heap[Symbol.dispose]()
    await expect(heap.allocate(1)).rejects.toMatchObject({ code: 'EBADF' })
  })

  test('allocates all or none', async () => {
    using heap = DmaHeap.open(kernel)
    kernel.fail('DMA_HEAP_IOCTL_ALLOC', 3, 'ENOMEM')
    const before = kernel.leaks()
    await expect(heap.allocateBuffers(4, 4096)).rejects.toMatchObject({ code: 'ENOMEM' })
    expect(kernel.leaks()).toEqual(before)
  })
})

describe('ownership', () => {
  test('dup is a second owner, release gives the descriptor away', () => {
    const other = buffer.dup()
    expect(other.fd).not.toBe(buffer.fd)
    const fd = buffer.release()
    expect(buffer.closed).toBe(true)
    expect(() => buffer.fd).toThrow(/EBADF.*keep a dup/)
    expect(kernel.files.fds.has(fd)).toBe(true)
    other.close()
    other.close()
    DmaBuf.adopt(kernel, fd).close()
    expect(kernel.leaks()).toEqual([])
  })

  test('release that fails leaves the descriptor owned', async () => {
    await buffer.withCpuAccess('read', () => undefined)
    kernel.fail('munmap', 1, 'ENOMEM')
    expect(() => buffer.release()).toThrow('ENOMEM')
    buffer.close()
    expect(kernel.leaks()).toEqual([])
  })

  test('adopt refuses what is no dma-buf and leaves it open', () => {
    const fd = kernel.files.install({ kind: 'plain' })
    expect(() => DmaBuf.adopt(kernel, fd)).toThrow(/EINVAL.*is not a dma-buf/)
    expect(kernel.files.fds.has(fd)).toBe(true)
    expect(() => DmaBuf.adopt(kernel, 99)).toThrow(/EBADF.*99 is not open/)
  })

  test('release waits for no CPU access: it refuses', async () => {
    const cpu = await buffer.beginCpuAccess('read')
    expect(() => buffer.release()).toThrow(/EBUSY.*end it before/)
    await cpu.end()
    expect(buffer.release()).toBeGreaterThan(0)
  })
})

describe('names', () => {
  test('31 bytes fit, 32 do not', async () => {
    await buffer.setName('é'.repeat(15))
    expect([...kernel.names.values()]).toEqual(['é'.repeat(15)])
    await expect(buffer.setName('x'.repeat(32))).rejects.toThrow(/32 bytes; 31 are allowed/)
  })
})

describe('a CPU access', () => {
  test('brackets its bytes, and maps the buffer once for all brackets', async () => {
    for (const value of [1, 2, 3]) {
      await using cpu = await buffer.beginCpuAccess('write')
      cpu.bytes.fill(value)
      expect(cpu.bytes).toBe(cpu.bytes)
    }
    expect(memory().memory[8191]).toBe(3)
    expect(memory().syncs).toEqual([2, 6, 2, 6, 2, 6])
    expect(kernel.count('mmap')).toBe(1)
    buffer.close()
    expect(kernel.leaks()).toEqual([])
  })

  test('maps nothing when nothing is touched', async () => {
    await (await buffer.beginCpuAccess('read')).end()
    expect(kernel.count('mmap')).toBe(0)
  })

  test('ends once, however often it is ended', async () => {
    const cpu = await buffer.beginCpuAccess('read-write')
    await cpu.end()
    await cpu.end()
    await cpu[Symbol.asyncDispose]()
    expect(memory().syncs).toEqual([3, 7])
  })

  test('reports a failed end once', async () => {
    const cpu = await buffer.beginCpuAccess('read')
    kernel.fail('DMA_BUF_IOCTL_SYNC', 1, 'EIO')
    await expect(cpu.end()).rejects.toMatchObject({ code: 'EIO' })
    await cpu.end()
  })

  test('has no bytes after its end', async () => {
    const cpu = await buffer.beginCpuAccess('read-write')
    const { view } = cpu
    await cpu.end()
    expect(() => cpu.bytes).toThrow(/EINVAL.*has ended/)
    expect(() => cpu.fill(0)).toThrow(/has ended/)
    expect(() => view.getUint8(0)).toThrow(/has ended/)
  })

  test.each(['EINTR', 'EAGAIN'] as const)('is restarted on %s', async (code) => {
    kernel.fail('DMA_BUF_IOCTL_SYNC', 1, code)
    kernel.fail('DMA_BUF_IOCTL_SYNC', 4, code)
    await buffer.withCpuAccess('read', () => undefined)
    expect(memory().syncs).toEqual([1, 5])
  })

  test('is aborted with the reason of the signal, before it begins', async () => {
    const reason = new Error('enough')
    const signal = AbortSignal.abort(reason)
    await expect(buffer.beginCpuAccess('read', { signal })).rejects.toBe(reason)
    expect(memory().syncs).toEqual([])
  })

  test('has no bytes and no end on a closed buffer', async () => {
    const cpu = await buffer.beginCpuAccess('read')
    expect(cpu.bytes.length).toBe(8192)
    buffer.close()
    expect(kernel.leaks()).toEqual([])
    expect(() => cpu.bytes).toThrow(/EBADF.*was closed or released/)
    await expect(cpu.end()).rejects.toThrow(/EBADF.*was closed or released/)
  })

  test('maps a buffer that may only be read for reading', async () => {
    memory().readOnly = true
    await buffer.withCpuAccess('read', (bytes) => expect(bytes[0]).toBe(0))
    await expect(buffer.withCpuAccess('write', () => undefined)).rejects.toMatchObject({
      code: 'EACCES',
    })
    expect(memory().syncs).toEqual([1, 5, 2, 6])
  })

  test('refuses an access that is none of the three', async () => {
    await expect(buffer.beginCpuAccess('rw' as 'read')).rejects.toThrow(
      /"access" must be one of 'read', 'write', 'read-write'. Received 'rw'/,
    )
  })
})

describe('withCpuAccess', () => {
  test('ends and returns what the function did', async () => {
    const result = await buffer.withCpuAccess('write', (bytes) => bytes.fill(9).length)
    expect(result).toBe(8192)
    expect(memory().syncs).toEqual([2, 6])
  })

  test('ends when the function throws, and hides neither error', async () => {
    const mine = new Error('mine')
    const fail = (): never => {
      throw mine
    }
    await expect(buffer.withCpuAccess('read', fail)).rejects.toBe(mine)
    kernel.fail('DMA_BUF_IOCTL_SYNC', 2, 'EIO')
    await expect(buffer.withCpuAccess('read', fail)).rejects.toMatchObject({
      name: 'SuppressedError',
      suppressed: mine,
      error: { code: 'EIO' },
    })
  })
})

describe('the low-level calls', () => {
  test('SYNC as it is, unbalanced if the caller wants so', async () => {
    await buffer.startCpuAccess('read-write')
    await buffer.startCpuAccess('read')
    await buffer.endCpuAccess('write')
    await buffer.sync(7)
    await expect(buffer.sync(8)).rejects.toThrow(/EINVAL.*flags 8/)
    expect(memory().syncs).toEqual([3, 1, 6, 7])
  })
})
