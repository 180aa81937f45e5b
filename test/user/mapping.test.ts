import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import type { DmaBuf } from '../../src/user/dma-buf.ts'
import { DmaHeap } from '../../src/user/dma-heap.ts'
import { FakeKernel } from './fake-kernel.ts'

let kernel: FakeKernel
let buffer: DmaBuf
beforeEach(async () => {
  kernel = new FakeKernel()
  using heap = DmaHeap.open(kernel)
  buffer = await heap.allocate(8192)
})

describe('a mapping', () => {
  test('outlives its buffer, and ends once', () => {
    const map = buffer.map()
    buffer.close()
    map.bytes[5] = 7
    expect(map.read(5, 6)).toEqual(new Uint8Array([7]))
    map[Symbol.dispose]()
    map[Symbol.dispose]()
    expect(() => map.bytes).toThrow(/EFAULT.*was disposed/)
    expect(() => map.set(new Uint8Array(1))).toThrow(/EFAULT/)
    expect(kernel.leaks()).toEqual([])
  })

  test('takes its bytes anew after each begin and end', async () => {
    using map = buffer.map()
    void map.bytes
    void map.bytes
    expect(kernel.count('view')).toBe(1)
    await buffer.startCpuAccess('read')
    void map.bytes
    void map.bytes
    await buffer.endCpuAccess('read')
    void map.bytes
    expect(kernel.count('view')).toBe(3)
  })

  test('says what mmap did not like', () => {
    expect(() => buffer.map({ length: 9000 })).toThrow(/EINVAL.*offset and length 9000 must stay/)
  })

  test('for reading faults on a store', () => {
    using map = buffer.map({ access: 'read' })
    expect(() => map.fill(1)).toThrow(/EFAULT.*read-only/)
  })

  test('keeps accesses inside', () => {
    using map = buffer.map({ length: 4096 })
    expect(() => map.set(new Uint8Array(2), 4095)).toThrow(
      /"offset".* >= 0 && <= 4094. Received 4095/,
    )
    expect(() => map.view.getUint32(4093)).toThrow(RangeError)
    expect(() => map.view.getUint8(-1)).toThrow(RangeError)
    expect(kernel.count('load') + kernel.count('store')).toBe(0)
  })

  test('fills, copies and sets ranges, each one call', () => {
    using map = buffer.map()
    map.fill(3, 10, 20)
    map.set(new Uint8Array([1, 2]), 12)
    const target = new Uint8Array(4)
    map.copy(target, 10)
    expect([...target]).toEqual([3, 3, 1, 2])
    expect(map.read(18, 22)).toEqual(new Uint8Array([3, 3, 0, 0]))
    expect(kernel.count('store')).toBe(2)
    expect(kernel.count('load')).toBe(2)
  })

  test('fills more than one store takes, and nothing beside', async () => {
    using heap = DmaHeap.open(kernel)
    const large = await heap.allocate(3 * 2 ** 20)
    using map = large.map()
    const end = 2 ** 21 + 5
    map.fill(0x103, 7, end)
    const model = new Uint8Array(large.size).fill(3, 7, end)
    expect(Buffer.compare(map.read(), model)).toBe(0)
    map.fill(9, large.size)
    map.fill(9, 6, 6)
    expect(Buffer.compare(map.read(), model)).toBe(0)
    expect(() => map.fill(9, large.size + 1)).toThrow(RangeError)
    expect(() => map.fill(9, 0, large.size + 1)).toThrow(RangeError)
  })
})

const integers = ['Int8', 'Uint8', 'Int16', 'Uint16', 'Int32', 'Uint32'] as const
describe('the exact view', () => {
  test('does what a DataView does', () => {
    using map = buffer.map()
    const model = new DataView(new ArrayBuffer(64))
    const { view } = map
    const access = fc.record({
      kind: fc.constantFrom(...integers),
      offset: fc.nat(56),
      value: fc.integer(),
      littleEndian: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(access), (accesses) => {
        for (const { kind, offset, value, littleEndian } of accesses) {
          view[`set${kind}`](offset, value, littleEndian)
          model[`set${kind}`](offset, value, littleEndian)
          expect(view[`get${kind}`](offset, littleEndian)).toBe(
            model[`get${kind}`](offset, littleEndian),
          )
        }
        expect(map.read(0, 64)).toEqual(new Uint8Array(model.buffer))
      }),
    )
  })

  test('has floats and 64-bit integers too', () => {
    using map = buffer.map()
    const { view } = map
    view.setFloat32(0, 1.5)
    view.setFloat64(8, Math.PI, true)
    view.setBigInt64(16, -5n)
    view.setBigUint64(24, 2n ** 63n, true)
    expect(view.getFloat32(0)).toBe(1.5)
    expect(view.getFloat64(8, true)).toBe(Math.PI)
    expect(view.getBigInt64(16)).toBe(-5n)
    expect(view.getBigUint64(24, true)).toBe(2n ** 63n)
    expect(view.byteLength).toBe(8192)
  })
})
