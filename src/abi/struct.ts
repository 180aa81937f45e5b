import { assert } from '../base/assert.ts'
import { alignUp } from '../base/bits.ts'
import type { Field } from './field.ts'

/** The members of a structure, in the order of the header file. */
export type Fields<V> = { readonly [K in keyof V]: Field<V[K]> }

/** A kernel structure: its layout, and three ways to use it. */
export interface Struct<V> {
  /** The header file's name. */
  readonly name: string
  /** `sizeof`, in bytes. */
  readonly size: number
  readonly align: number
  readonly fields: Fields<V>
  /** `offsetof`, in bytes. */
  readonly offsets: { readonly [K in keyof V]: number }
  /** New zeroed bytes with `values` written; asserts that each fits. */
  create(values?: Partial<V>): Uint8Array<ArrayBuffer>
  /** A plain object of all members. Asserts that `bytes` is as long as the structure. */
  decode(bytes: Uint8Array): V
  /** An object whose properties read and write `bytes` in place. Asserts the length, as `decode`. */
  over(bytes: Uint8Array): V
}

interface Layout<V> {
  readonly size: number
  readonly align: number
  readonly offsets: Record<keyof V, number>
}

/** Places members as the C compiler does: each at its alignment, the whole rounded up to the largest. */
function layOut<V>(fields: Fields<V>): Layout<V> {
  const offsets = {} as Record<keyof V, number>
  let end = 0
  let align = 1
  for (const key of Object.keys(fields) as (keyof V)[]) {
    const field = fields[key]
    const offset = field.at ?? alignUp(end, field.align)
    offsets[key] = offset
    end = Math.max(end, offset + field.size)
    align = Math.max(align, field.align)
  }
  return { size: alignUp(end, align), align, offsets }
}

const dataOf = Symbol('data')
interface Accessor {
  readonly [dataOf]: DataView
}

/** The prototype of the in-place objects: a getter and a setter for each member. */
function accessors<V>(fields: Fields<V>, offsets: Record<keyof V, number>): object {
  const prototype = {}
  for (const key of Object.keys(fields) as (keyof V)[]) {
    const field = fields[key]
    const offset = offsets[key]
    Object.defineProperty(prototype, key, {
      enumerable: true,
      get(this: Accessor) {
        return (field.live ?? field.read)(this[dataOf], offset)
      },
      set(this: Accessor, value: V[typeof key]) {
        field.write(this[dataOf], offset, value)
      },
    })
  }
  return prototype
}

/**
 * Defines the structure `name` from its members. Throws an AssertionError when the members do not add
 * up to `size` bytes, the header file's `sizeof`.
 */
export function struct<V>(name: string, size: number, fields: Fields<V>): Struct<V> {
  const { offsets, align, size: computed } = layOut(fields)
  assert(computed === size, () => `struct ${name}: members take ${computed} bytes, stated ${size}`)
  const keys = Object.keys(fields) as (keyof V)[]
  const prototype = accessors(fields, offsets)

  const dataView = (bytes: Uint8Array): DataView => {
    assert(
      bytes.length >= size,
      () => `struct ${name} takes ${size} bytes, given ${bytes.length}: make them with create()`,
    )
    return new DataView(bytes.buffer, bytes.byteOffset, size)
  }
  const over = (bytes: Uint8Array): V =>
    Object.create(prototype, { [dataOf]: { value: dataView(bytes) } }) as V
  const decode = (bytes: Uint8Array): V => {
    const data = dataView(bytes)
    return Object.fromEntries(keys.map((k) => [k, fields[k].read(data, offsets[k])])) as V
  }
  const create = (values: Partial<V> = {}): Uint8Array<ArrayBuffer> => {
    const bytes = new Uint8Array(size)
    const data = dataView(bytes)
    for (const key of Object.keys(values) as (keyof V)[]) {
      const value = values[key]
      assert(key in fields, () => `struct ${name} has no member '${String(key)}'`)
      if (value !== undefined) fields[key].write(data, offsets[key], value as V[keyof V])
    }
    return bytes
  }
  return { name, size, align, fields, offsets, create, decode, over }
}

/** A structure as a member of another: decoded as an object, in place in place. */
export function nested<V>(inner: Struct<V>): Field<V> {
  const slice = (data: DataView, offset: number): Uint8Array =>
    new Uint8Array(data.buffer, data.byteOffset + offset, inner.size)
  return {
    size: inner.size,
    align: inner.align,
    read: (data, offset) => inner.decode(slice(data, offset)),
    live: (data, offset) => inner.over(slice(data, offset)),
    write: (data, offset, value) => slice(data, offset).set(inner.create(membersOf(inner, value))),
  }
}

/** The members of a value that may have more, such as a mode with its refresh rate. */
function membersOf<V>({ fields }: Struct<V>, value: V): Partial<V> {
  const members = Object.entries(value as object).filter(([name]) => name in fields)
  return Object.fromEntries(members) as Partial<V>
}
