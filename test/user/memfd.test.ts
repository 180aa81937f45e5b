import { describe, expect, test } from 'vitest'
import { DmaBuf } from '../../src/user/dma-buf.ts'
import { Memfd } from '../../src/user/memfd.ts'
import { Udmabuf } from '../../src/user/udmabuf.ts'
import { PAGE, start } from '../sim/rig.ts'

describe('a memfd', () => {
  test('is zero, mapped, resized, and shown by every mapping', () => {
    const kernel = start()
    using memfd = Memfd.create(kernel, 'frames', PAGE, { seals: ['shrink'] })
    using map = memfd.map()
    expect(map.bytes.every((byte) => byte === 0)).toBe(true)
    map.bytes[1] = 7
    memfd.resize(2 * PAGE)
    using again = memfd.map({ access: 'read' })
    expect([again.length, again.view.getUint8(1), memfd.size]).toEqual([2 * PAGE, 7, 2 * PAGE])
    expect(() => again.bytes).toThrow(/EINVAL.*cannot be one array/)
    expect(() => again.fill(1)).toThrow(/EFAULT.*read-only/)
    memfd.close()
    expect(map.bytes[1]).toBe(7)
  })

  test('tells its seals, and why they stop what they stop', () => {
    const kernel = start()
    using memfd = Memfd.create(kernel, 'frames', PAGE, { seals: ['shrink'] })
    expect(memfd.seals).toEqual(['shrink'])
    expect(() => memfd.resize(0)).toThrow(/EPERM.*ftruncate.*sealed: shrink/)
    expect(memfd.size).toBe(PAGE)
    {
      using map = memfd.map()
      expect(() => memfd.seal('write')).toThrow(/EBUSY.*unmap it before/)
      expect(map.length).toBe(PAGE)
    }
    memfd.seal('write', 'seal')
    expect(() => memfd.seal('grow')).toThrow(/EPERM.*against more seals/)
    expect(() => memfd.map()).toThrow(/EPERM/)
    expect(memfd.map({ access: 'read' }).read(0, 1)).toEqual(new Uint8Array(1))
    expect(() => memfd.seal('shrunk' as never)).toThrow(
      /must be one of 'shrink'.* Received 'shrunk'/,
    )
  })

  test('that may become shorter has no array, and names the seal as the way out', () => {
    const kernel = start()
    using memfd = Memfd.create(kernel, 'frames', PAGE)
    using map = memfd.map()
    const wayOut =
      /^EINVAL.*Memfd\.create\(kernel, name, size, \{ seals: \['shrink'\] \}\).*use set, fill, copy and view/
    expect(() => map.bytes).toThrow(wayOut)
    map.fill(3)
    map.set(Uint8Array.of(4), 1)
    expect([map.view.getUint8(0), map.view.getUint8(1)]).toEqual([3, 4])
  })

  test('is closed once, and then says so', () => {
    const kernel = start()
    const memfd = Memfd.create(kernel, 'frames', PAGE)
    memfd.close()
    memfd[Symbol.dispose]()
    expect(memfd.closed).toBe(true)
    expect(() => memfd.map()).toThrow(/EBADF.*memfd 'frames' was closed/)
    const other = Memfd.create(kernel, 'frames', PAGE)
    expect(kernel.sys.close(other.release())).toBe(0)
    other.close()
  })

  test.each(['memfd_create', 'ftruncate', 'fcntl'])('that fails in %s leaves nothing', (call) => {
    const kernel = start()
    kernel.fail(call, 1, 'EIO')
    expect(() => Memfd.create(kernel, 'x', PAGE, { seals: ['grow'] })).toThrow(/EIO/)
    expect(kernel.sys.close(3)).toBe(-9)
  })
})

test('a memfd is no dma-buf, and stays whose it was', () => {
  const kernel = start()
  using memfd = Memfd.create(kernel, 'frames', PAGE)
  expect(() => DmaBuf.borrow(kernel, memfd.fd)).toThrow(/EINVAL.*is not a dma-buf/)
  expect(memfd.seals).toEqual([])
})

describe('a udmabuf', () => {
  test('shows the memfd, and the memfd shows it', async () => {
    const kernel = start()
    using memfd = Memfd.create(kernel, 'frames', 4 * PAGE, { seals: ['shrink'] })
    using device = Udmabuf.open(kernel)
    using buffer = await device.create(memfd, { offset: PAGE })
    expect(buffer.size).toBe(3 * PAGE)
    await buffer.withCpuAccess('write', (bytes) => bytes.fill(5, 0, 10))
    using map = memfd.map()
    expect([...map.read(PAGE - 1, PAGE + 1)]).toEqual([0, 5])
  })

  test('explains what it refuses', async () => {
    const kernel = start()
    using device = Udmabuf.open(kernel)
    using memfd = Memfd.create(kernel, 'frames', PAGE)
    await expect(device.create(memfd)).rejects.toThrow(/EINVAL.*seal it with F_SEAL_SHRINK/)
    device[Symbol.dispose]()
    await expect(device.create(memfd)).rejects.toThrow(/EBADF.*udmabuf was closed/)
  })

  test('without a descriptor to spare leaves nothing behind', async () => {
    const kernel = start({ fdLimit: 5 })
    using memfd = Memfd.create(kernel, 'frames', PAGE, { seals: ['shrink'] })
    using device = Udmabuf.open(kernel)
    await expect(device.create(memfd)).rejects.toThrow(/EMFILE/)
    expect(kernel.buffers).toEqual([])
  })
})
