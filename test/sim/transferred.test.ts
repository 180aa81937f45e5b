/** Arrays whose memory the program gives to another thread. */
import { describe, expect, test } from 'vitest'
import { boards } from '../../src/boards/index.ts'
import { DmaHeap, Memfd, Udmabuf } from '../../src/index.ts'
import { start } from './rig.ts'

const SIZE = 8192

function transfer({ buffer }: Uint8Array<ArrayBuffer>): void {
  structuredClone(buffer, { transfer: [buffer] })
}

describe.each([...boards.values()])('on $name, an array that is transferred', (board) => {
  test('inside a CPU access is EFAULT at its end, and the buffer keeps its bytes', async () => {
    const kernel = start({ board })
    using heap = DmaHeap.open(kernel)
    using buffer = await heap.allocate(SIZE)
    await buffer.withCpuAccess('write', (bytes) => void bytes.fill(7))
    const given = buffer.withCpuAccess('read-write', transfer)
    await expect(given).rejects.toThrow(/EFAULT.*transferred by structuredClone.*bytes\.slice\(\)/)
    const after = await buffer.withCpuAccess('read', (bytes) => bytes.slice())
    expect(after).toEqual(new Uint8Array(SIZE).fill(7))
    await buffer.withCpuAccess('write', (bytes) => void bytes.fill(8))
    expect(await buffer.withCpuAccess('read', (bytes) => bytes[SIZE - 1])).toBe(8)
    buffer.close()
    expect(kernel.buffers).toEqual([])
  })

  test('of a mapping is taken anew, with the bytes of the mapping', () => {
    const kernel = start({ board })
    using memfd = Memfd.create(kernel, 'x', SIZE, { seals: ['shrink'] })
    {
      using first = memfd.map()
      first.fill(5)
      transfer(first.bytes)
      using second = memfd.map()
      expect(second.bytes[SIZE - 1]).toBe(5)
      second.bytes[0] = 6
      expect(second.read(0, 2)).toEqual(Uint8Array.of(6, 5))
    }
    memfd.close()
    expect(kernel.memoryInUse).toBe(start({ board }).memoryInUse)
  })

  test('of gathered bytes is EFAULT at the end of the access', async () => {
    const kernel = start({ board })
    using memfd = Memfd.create(kernel, 'x', SIZE, { seals: ['shrink'] })
    using udmabuf = Udmabuf.open(kernel)
    const page = { memfd, size: 4096 }
    using buffer = await udmabuf.createList([{ ...page, offset: 4096 }, page])
    await expect(buffer.withCpuAccess('read-write', transfer)).rejects.toThrow(/EFAULT/)
    expect(await buffer.withCpuAccess('read', (bytes) => bytes.length)).toBe(SIZE)
  })
})
