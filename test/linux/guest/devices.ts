import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { DmaBuf, DmaHeap } from 'dmabuf'
import { O_RDWR } from '../../../src/abi/fcntl.ts'
import { MFD_ALLOW_SEALING } from '../../../src/abi/memfd.ts'
import {
  failure,
  heapBuffer,
  openFds,
  SIZE,
  sealedMemfd,
  udmabuf,
  udmabufFd,
  withKernel,
} from './fixtures.ts'

describe('a heap', () => {
  it('gives whole pages of zeros, which keep what is stored', () =>
    withKernel(async (kernel) => {
      using buffer = await heapBuffer(kernel, SIZE - 1)
      assert.equal(buffer.size, SIZE)
      await buffer.withCpuAccess('read-write', (bytes) => {
        assert.ok(bytes.every((byte) => byte === 0))
        bytes.fill(0xab)
      })
      using map = buffer.map({ access: 'read' })
      await buffer.startCpuAccess('read')
      assert.deepEqual(map.read(SIZE - 2, SIZE), new Uint8Array([0xab, 0xab]))
      await buffer.endCpuAccess('read')
    }))

  it('allocates much memory on another thread, with the same result', () =>
    withKernel(async (kernel) => {
      using buffer = await heapBuffer(kernel, 8 << 20)
      assert.equal(buffer.size, 8 << 20)
    }))

  it('that is not there is told with its path and what to do', () =>
    withKernel((kernel) => {
      assert.throws(() => DmaHeap.open(kernel, 'nowhere'), {
        code: 'ENOENT',
        syscall: 'open',
        path: '/dev/dma_heap/nowhere',
        message: /the heaps of this kernel/,
      })
    }))

  it('refuses no bytes', () =>
    withKernel(async (kernel) => {
      await assert.rejects(heapBuffer(kernel, 0), {
        code: 'EINVAL',
        syscall: 'DMA_HEAP_IOCTL_ALLOC',
        message: /at least one byte/,
      })
    }))
})

describe('a dma-buf', () => {
  it('has a name and a size in fdinfo', () =>
    withKernel(async (kernel) => {
      using buffer = await heapBuffer(kernel)
      await buffer.setName('named')
      const info = readFileSync(`/proc/self/fdinfo/${buffer.fd}`, 'utf8')
      assert.match(info, new RegExp(`size:\t${SIZE}\n`))
      assert.match(info, /exp_name:\tsystem\nname:\tnamed\n/)
      await assert.rejects(buffer.setName('x'.repeat(32)), { code: 'EINVAL' })
    }))

  it('is borrowed, adopted and released without a descriptor too many or too few', () =>
    withKernel(async (kernel) => {
      const before = openFds()
      const buffer = await heapBuffer(kernel)
      DmaBuf.borrow(kernel, buffer.fd).close()
      const fd = buffer.release()
      DmaBuf.adopt(kernel, fd).close()
      assert.throws(() => DmaBuf.adopt(kernel, fd), { code: 'EBADF', fd })
      assert.throws(() => DmaBuf.adopt(kernel, -1), { code: 'ERR_OUT_OF_RANGE' })
      assert.equal(openFds(), before)
      assert.deepEqual(kernel.held, { fds: [], mappings: 0 })
    }))

  it('is nothing else', () =>
    withKernel((kernel) => {
      const fd = kernel.sys.open('/dev/null', O_RDWR)
      assert.throws(() => DmaBuf.adopt(kernel, fd), { code: 'EINVAL', message: /not a dma-buf/ })
      assert.equal(kernel.sys.close(fd), 0)
    }))
})

describe('a udmabuf', () => {
  it('shows the same memory as the memfd it was made of', () =>
    withKernel(async (kernel) => {
      const { sys } = kernel
      const memfd = sealedMemfd(sys)
      const address = sys.mmap(SIZE, 3, 1, memfd, 0)
      sys.store(address + 5, new Uint8Array([1, 2, 3]))
      using buffer = await udmabuf(kernel, memfd)
      await buffer.withCpuAccess('read-write', (bytes) => {
        assert.deepEqual([...bytes.subarray(4, 9)], [0, 1, 2, 3, 0])
        bytes[4] = 9
      })
      const seen = new Uint8Array(2)
      assert.equal(sys.load(address + 4, seen), 0)
      assert.deepEqual([...seen], [9, 1])
      sys.munmap(address, SIZE)
      sys.close(memfd)
    }))

  it('takes a large list-free request on another thread', () =>
    withKernel(async (kernel) => {
      const memfd = sealedMemfd(kernel.sys, 4 << 20)
      using buffer = await udmabuf(kernel, memfd, 4 << 20)
      assert.equal(buffer.size, 4 << 20)
      kernel.sys.close(memfd)
    }))

  it('refuses memfds that are unsealed, too short or none, and parts of pages', () =>
    withKernel(async ({ sys }) => {
      const before = openFds()
      const sealed = sealedMemfd(sys)
      const unsealed = sys.memfdCreate('unsealed', MFD_ALLOW_SEALING)
      sys.ftruncate(unsealed, SIZE)
      assert.equal(await udmabufFd(sys, unsealed), failure('EINVAL'))
      assert.equal(await udmabufFd(sys, sealed, SIZE - 1), failure('EINVAL'))
      assert.ok((await udmabufFd(sys, sealed, 2 * SIZE)) < 0)
      assert.equal(await udmabufFd(sys, 99_999), failure('EBADFD'))
      assert.equal(await udmabufFd(sys, 0), failure('EBADFD'))
      sys.close(sealed)
      sys.close(unsealed)
      assert.equal(openFds(), before)
    }))
})
