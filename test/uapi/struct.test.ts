import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Field, pointer, s32, s64, u8, u16, u32, u64 } from '../../src/abi/field.ts'
import { array, at, bytes, text } from '../../src/abi/field-kinds.ts'
import { fourcc, fourccText } from '../../src/abi/fourcc.ts'
import { nested, type Struct, struct } from '../../src/abi/struct.ts'
import { v4l2Buffer, v4l2Format } from '../../src/abi/v4l2-struct.ts'
import { onlyBits } from '../../src/base/bits.ts'
import { pointee } from '../../src/syscalls/pointee.ts'

/** A member's type in C, its field, and its values. */
const kinds: Record<string, { field: Field<never>; align: number; value: fc.Arbitrary<unknown> }> =
  {
    u8: { field: u8 as Field<never>, align: 1, value: fc.nat(0xff) },
    u16: { field: u16 as Field<never>, align: 2, value: fc.nat(0xffff) },
    u32: { field: u32 as Field<never>, align: 4, value: fc.nat(0xffffffff) },
    s32: { field: s32 as Field<never>, align: 4, value: fc.integer() },
    u64: { field: u64 as Field<never>, align: 8, value: fc.maxSafeNat() },
    s64: { field: s64 as Field<never>, align: 8, value: fc.maxSafeInteger() },
    pointer: { field: pointer as Field<never>, align: 8, value: fc.maxSafeNat() },
    bytes: {
      field: bytes(5) as Field<never>,
      align: 1,
      value: fc.uint8Array({ minLength: 5, maxLength: 5 }),
    },
    text: { field: text(8) as Field<never>, align: 1, value: fc.stringMatching(/^[ -~]{0,7}$/) },
    array: {
      field: array(u16, 3) as Field<never>,
      align: 2,
      value: fc.array(fc.nat(0xffff), { minLength: 3, maxLength: 3 }),
    },
  }
type Values = Record<string, unknown>

/** A structure with any members, laid out by the C rules written down a second time. */
const anyStruct = fc
  .array(fc.constantFrom(...Object.keys(kinds)), { minLength: 1, maxLength: 9 })
  .map((names) => {
    let end = 0
    let align = 1
    const offsets: Record<string, number> = {}
    const fields: Record<string, Field<never>> = {}
    for (const [i, name] of names.entries()) {
      const kind = kinds[name]
      if (kind === undefined) continue
      while (end % kind.align !== 0) end++
      offsets[`m${i}`] = end
      fields[`m${i}`] = kind.field
      end += kind.field.size
      align = Math.max(align, kind.align)
    }
    while (end % align !== 0) end++
    const layout = struct('any', end, fields as never) as unknown as Struct<Values>
    const value = fc.record(
      Object.fromEntries(names.map((name, i) => [`m${i}`, kinds[name]?.value ?? fc.nat()])),
    )
    return { layout, offsets, value }
  })

describe('a struct', () => {
  test('has the offsets of the C rules, and gives back what was put in', () => {
    const cases = anyStruct.chain((made) =>
      fc.tuple(fc.constant(made.layout), fc.constant(made.offsets), made.value),
    )
    fc.assert(
      fc.property(cases, ([layout, offsets, value]) => {
        expect(layout.offsets).toEqual(offsets)
        const encoded = layout.create(value)
        expect(layout.decode(encoded)).toEqual(value)
        const inPlace = new Uint8Array(layout.size + 3).subarray(3)
        Object.assign(layout.over(inPlace), value)
        expect(inPlace).toEqual(encoded)
      }),
    )
  })

  test('decodes any bytes, and writes them back the same where numbers are safe', () => {
    const cases = anyStruct.chain(({ layout }) =>
      fc.tuple(
        fc.constant(layout),
        fc.uint8Array({ minLength: layout.size, maxLength: layout.size }),
      ),
    )
    fc.assert(
      fc.property(cases, ([layout, source]) => {
        const decoded = layout.decode(source)
        const safe = Object.values(decoded).every(
          (value) =>
            typeof value !== 'string' && (typeof value !== 'number' || Number.isSafeInteger(value)),
        )
        if (safe) expect(layout.decode(layout.create(decoded))).toEqual(decoded)
      }),
    )
  })

  test('that does not add up to its stated size is refused', () => {
    expect(() => struct('odd', 8, { a: u32 })).toThrow('struct odd: members take 4 bytes, stated 8')
  })

  test('asserts values, members and lengths', () => {
    const layout = struct<{ a: number; name: string }>('small', 8, { a: u8, name: text(7) })
    expect(() => layout.create({ a: 256 })).toThrow(/256 is not an integer from 0 to 255/)
    expect(() => layout.create({ a: 0.5 })).toThrow(/0.5/)
    expect(() => layout.create({ name: '1234567' })).toThrow(/do not fit in 7/)
    expect(() => layout.create({ b: 1 } as never)).toThrow(/no member 'b'/)
    expect(() => layout.over(new Uint8Array(7))).toThrow(/takes 8 bytes, given 7/)
  })
})

describe('in place', () => {
  test('nested members are live', () => {
    const data = v4l2Format.create({ type: 1 })
    const { pix } = v4l2Format.over(data)
    pix.width = 640
    expect(v4l2Format.decode(data).pix.width).toBe(640)
    expect(data[8]).toBe(640 & 0xff)
    v4l2Format.over(data).raw_data[199] = 9
    expect(data[207]).toBe(9)
  })

  test('a union shows the same bytes', () => {
    const fields = v4l2Buffer.over(v4l2Buffer.create())
    fields.m_fd = -1
    expect([fields.m_offset, fields.m_userptr]).toEqual([0xffffffff, 0xffffffff])
  })

  test('a nested value is written as a whole', () => {
    const inner = struct<{ x: number }>('inner', 4, { x: u32 })
    const outer = struct<{ a: { x: number }; b: number }>('outer', 8, {
      a: nested(inner),
      b: at(4, u8),
    } as never)
    expect(outer.decode(outer.create({ a: { x: 7 }, b: 1 }))).toEqual({ a: { x: 7 }, b: 1 })
    const wider = { x: 7, text: 'of a class' }
    expect(outer.decode(outer.create({ a: wider, b: 1 }))).toEqual({ a: { x: 7 }, b: 1 })
  })
})

describe('a u64', () => {
  const layout = struct<{ n: number }>('n', 8, { n: u64 })
  const decode = (value: bigint): number => {
    const data = new Uint8Array(8)
    new DataView(data.buffer).setBigUint64(0, value, true)
    return layout.decode(data).n
  }

  test('beyond 2^53 reads as an unsafe integer and cannot be written', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }), (value) => {
        expect(Number.isSafeInteger(decode(value))).toBe(false)
      }),
    )
    expect(() => layout.create({ n: 2 ** 53 })).toThrow(/2\^53 - 1/)
  })

  test('as flags: no high bit passes for a low one', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
        expect(onlyBits(decode(value), 7)).toBe(value <= 7n)
      }),
    )
    expect(onlyBits(0x80000003, 0x80000003)).toBe(true)
  })
})

test('a pointer field leads somewhere, nowhere, or astray', () => {
  const target = { bytes: new Uint8Array(4) }
  const data = new Uint8Array(16).fill(1, 8, 9)
  const argument = { bytes: data, pointers: new Map([[0, target]]) }
  expect(pointee(argument, 0)).toBe(target)
  expect(pointee({ bytes: data }, 0)).toBe('null')
  expect(pointee({ bytes: data }, 8)).toBe('wild')
})

test('a fourcc is its letters', () => {
  expect(fourcc('XR24')).toBe(0x34325258)
  expect(fourccText(fourcc('YU12'))).toBe('YU12')
  expect(() => fourcc('RGB')).toThrow(/four ASCII characters/)
})

test('a fourcc of big endian, or of no letters, has a text of its own, which leads back to it', () => {
  expect([0x20363159, 0xa0363159, 0, 0xffffffff].map(fourccText)).toEqual([
    'Y16 ',
    'Y16 -BE',
    '0x00000000',
    '0xffffffff',
  ])
  fc.assert(
    fc.property(fc.nat(0xffffffff), (number) => {
      expect(fourcc(fourccText(number))).toBe(number)
    }),
  )
})
