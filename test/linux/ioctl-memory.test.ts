import { describe, expect, test } from 'vitest'
import { DMA_BUF_IOCTL_SYNC, dmaBufSync } from '../../src/abi/dma-buf.ts'
import { DMA_HEAP_IOCTL_ALLOC, dmaHeapAllocationData } from '../../src/abi/dma-heap.ts'
import { DRM_IOCTL_VERSION, drmVersion } from '../../src/abi/drm.ts'
import { errno } from '../../src/abi/errno.ts'
import { POLLIN, POLLOUT } from '../../src/abi/fcntl.ts'
import { SYNC_IOC_FILE_INFO, syncFileInfo } from '../../src/abi/sync-file.ts'
import { VIDIOC_DQBUF, VIDIOC_QBUF } from '../../src/abi/v4l2.ts'
import { v4l2Buffer } from '../../src/abi/v4l2-struct.ts'
import { copyArgument, copyBack, writeAddresses } from '../../src/linux/ioctl-memory.ts'
import { type IoctlArg, plainArg } from '../../src/syscalls/ioctl-arg.ts'
import { waitingOf } from '../../src/syscalls/requests/index.ts'

/** Addresses that identify their array. */
function addressBook(): (memory: Uint8Array) => bigint {
  const seen: Uint8Array[] = []
  return (memory) => {
    if (!seen.includes(memory)) seen.push(memory)
    return BigInt(0x1000 * (seen.indexOf(memory) + 1))
  }
}

describe('the memory of a request', () => {
  const { name, date } = drmVersion.offsets

  test('has its addresses for the time of the call, and nothing after', () => {
    const bytes = drmVersion.create({ name_len: 4 })
    const pointers = new Map([[name, plainArg(new Uint8Array(4))]])
    const takeOut = writeAddresses(DRM_IOCTL_VERSION, { bytes, pointers }, addressBook())
    expect(drmVersion.decode(bytes)).toMatchObject({ name: 0x1000, date: 0, desc: 0 })
    takeOut?.()
    expect(drmVersion.decode(bytes)).toMatchObject({ name: 0, name_len: 4 })
  })

  test('keeps what the kernel wrote into a pointer field', () => {
    const bytes = drmVersion.create()
    const pointers = new Map([[name, plainArg(new Uint8Array(4))]])
    const takeOut = writeAddresses(DRM_IOCTL_VERSION, { bytes, pointers }, addressBook())
    drmVersion.over(bytes).name = 77
    takeOut?.()
    expect(drmVersion.decode(bytes).name).toBe(77)
  })

  test('sends a wild pointer of a known request where nothing is mapped', () => {
    const bytes = drmVersion.create({ date: 0x7fff_1234 })
    const takeOut = writeAddresses(DRM_IOCTL_VERSION, plainArg(bytes), addressBook())
    expect(drmVersion.decode(bytes).date).toBe(1)
    takeOut?.()
    expect(drmVersion.decode(bytes).date).toBe(0x7fff_1234)
  })

  test('has no address where it has no bytes, and none is written where no pointer is', () => {
    const bytes = drmVersion.create()
    const pointers = new Map([[date, plainArg(new Uint8Array(0))]])
    writeAddresses(DRM_IOCTL_VERSION, { bytes, pointers }, addressBook())
    expect(drmVersion.decode(bytes).date).toBe(1)
    const sync = plainArg(dmaBufSync.create({ flags: 1 }))
    expect(writeAddresses(DMA_BUF_IOCTL_SYNC, sync, addressBook())).toBeUndefined()
  })

  test('is followed through memory that has pointers itself', () => {
    const leaf = plainArg(new Uint8Array(8))
    const middle: IoctlArg = { bytes: new Uint8Array(16), pointers: new Map([[8, leaf]]) }
    const root: IoctlArg = { bytes: new Uint8Array(8), pointers: new Map([[0, middle]]) }
    const words = ({ bytes }: IoctlArg): bigint[] => [...new BigUint64Array(bytes.buffer)]
    const takeOut = writeAddresses(0, root, addressBook())
    expect([words(root), words(middle)]).toEqual([[0x1000n], [0n, 0x2000n]])
    takeOut?.()
    expect([words(root), words(middle)]).toEqual([[0n], [0n, 0n]])
  })

  test('is copied for another thread and brought back whole', () => {
    const target = plainArg(new Uint8Array(80))
    const offset = syncFileInfo.offsets.sync_fence_info
    const argument = { bytes: syncFileInfo.create(), pointers: new Map([[offset, target]]) }
    const copy = copyArgument(argument)
    copy.bytes[0] = 65
    copy.pointers?.get(offset)?.bytes.fill(3)
    expect([argument.bytes[0], target.bytes[0]]).toEqual([0, 0])
    copyBack(argument, copy)
    expect([argument.bytes[0], target.bytes[79]]).toEqual([65, 3])
  })
})

describe('the memory of a request that is not known', () => {
  test('has room behind each array, which does not come back', () => {
    const argument = {
      bytes: new Uint8Array(8),
      pointers: new Map([[0, plainArg(new Uint8Array(1))]]),
    }
    const copy = copyArgument(argument, true)
    for (const { bytes } of [copy, copy.pointers?.get(0) ?? copy]) {
      expect(bytes.buffer.byteLength - bytes.byteOffset).toBeGreaterThanOrEqual(1 << 16)
      new Uint8Array(bytes.buffer).fill(7)
    }
    copyBack(argument, copy)
    expect([...argument.bytes]).toEqual(Array(8).fill(7))
    expect([...(argument.pointers.get(0)?.bytes ?? [])]).toEqual([7])
  })
})

describe('how a request may wait', () => {
  const sync = (flags: number): unknown =>
    waitingOf(DMA_BUF_IOCTL_SYNC, dmaBufSync.create({ flags }))

  test('SYNC: for the fences that poll tells about, and only at the start', () => {
    expect([1, 2, 3].map(sync)).toEqual(
      [POLLIN, POLLOUT, POLLOUT].map((events) => ({ until: 'fences', events })),
    )
    expect([5, 6, 7].map(sync)).toEqual(['now', 'now', 'now'])
    expect([0, 4, 8, 9, 0x101, 2 ** 32 + 1].map(sync)).toEqual(Array(6).fill('now'))
  })

  test('DQBUF: until a buffer is filled, or shown', () => {
    const types = [1, 9, 2, 10].map((type) => waitingOf(VIDIOC_DQBUF, v4l2Buffer.create({ type })))
    expect(types).toEqual(
      [POLLIN, POLLIN, POLLOUT, POLLOUT].map((events) => ({
        until: 'device',
        events,
        empty: -errno.EAGAIN,
      })),
    )
  })

  test('much memory on another thread, and a request that is not known on one of few', () => {
    const alloc = (len: number): unknown =>
      waitingOf(DMA_HEAP_IOCTL_ALLOC, dmaHeapAllocationData.create({ len }))
    expect([alloc(4096), alloc(1 << 20), alloc((1 << 20) + 1)]).toEqual(['now', 'now', 'later'])
    expect(waitingOf(0x1234, new Uint8Array(0))).toBe('unknown')
    expect(waitingOf(VIDIOC_QBUF, v4l2Buffer.create())).toBe('now')
    expect(waitingOf(SYNC_IOC_FILE_INFO, syncFileInfo.create())).toBe('now')
  })
})
