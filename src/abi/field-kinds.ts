import { assert } from '../base/assert.ts'
import type { Field } from './field.ts'

function window(data: DataView, offset: number, length: number): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset + offset, length)
}

/** `__u8 x[length]`: a copy when decoded, the bytes themselves in place. A shorter value is zero filled. */
export function bytes(length: number): Field<Uint8Array> {
  return {
    size: length,
    align: 1,
    read: (data, offset) => window(data, offset, length).slice(),
    live: (data, offset) => window(data, offset, length),
    write(data, offset, value) {
      assert(value.length <= length, () => `${value.length} bytes do not fit in ${length}`)
      const target = window(data, offset, length)
      target.fill(0)
      target.set(value)
    },
  }
}

/** `char x[length]`: a text up to the first NUL. Writing asserts room for the text and a NUL. */
export function text(length: number): Field<string> {
  return {
    size: length,
    align: 1,
    read: (data, offset) => decodeText(window(data, offset, length)),
    write(data, offset, value) {
      const encoded = new TextEncoder().encode(value)
      assert(encoded.length < length, () => `'${value}' and a NUL do not fit in ${length} bytes`)
      const target = window(data, offset, length)
      target.fill(0)
      target.set(encoded)
    },
  }
}

/** The UTF-8 text in `source` up to the first NUL, or all of it. */
export function decodeText(source: Uint8Array): string {
  const end = source.indexOf(0)
  return new TextDecoder().decode(end < 0 ? source : source.subarray(0, end))
}

/** `T x[count]`: an array of exactly `count`; a shorter value is filled with zero bytes. */
export function array<T>(item: Field<T>, count: number): Field<readonly T[]> {
  const size = item.size * count
  return {
    size,
    align: item.align,
    read: (data, offset) =>
      Array.from({ length: count }, (_, i) => item.read(data, offset + i * item.size)),
    write(data, offset, value) {
      assert(value.length <= count, () => `${value.length} elements do not fit in ${count}`)
      window(data, offset, size).fill(0)
      value.forEach((entry, i) => {
        item.write(data, offset + i * item.size, entry)
      })
    },
  }
}

/** `field` at the fixed `offset`, overlapping others where the C structure has a union. */
export function at<T>(offset: number, field: Field<T>): Field<T> {
  return { ...field, at: offset }
}
