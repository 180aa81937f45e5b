import type { Range } from '../../events/event.ts'
import type { Fields, FieldType } from '../../events/field.ts'
import { RANGE } from '../../events/schema.ts'

export type Json = Readonly<Record<string, unknown>>

export interface FieldReaderOptions {
  /** The object that a number of a source line stands for. */
  readonly originOf: (number: unknown) => unknown
  /** Throws. */
  readonly fail: (problem: string) => never
}

/** With its name in messages. A number of the file that is too large for JavaScript is infinite here. */
const BASIC: Readonly<
  Record<'number' | 'text' | 'flag', readonly [string, (value: unknown) => boolean]>
> = {
  number: ['a number', (value) => Number.isFinite(value)],
  text: ['a text', (value) => typeof value === 'string'],
  flag: ['true or false', (value) => typeof value === 'boolean'],
}

/** Reads objects of a trace by the table of their fields: a value of another type is refused. */
export class FieldReader {
  readonly #originOf: (number: unknown) => unknown
  readonly #fail: (problem: string) => never

  constructor({ originOf, fail }: FieldReaderOptions) {
    this.#originOf = originOf
    this.#fail = fail
  }

  /** The known fields of `value`, which messages name by `path`. */
  read(fields: Fields, value: unknown, path: string): Json {
    if (!isObject(value)) return this.#fail(`'${path}' is not an object`)
    const known: Record<string, unknown> = {}
    for (const [name, { type, optional }] of Object.entries(fields)) {
      const one = value[name]
      if (one !== undefined) known[name] = this.#value(type, one, `${path}.${name}`)
      else if (optional === undefined) this.#fail(`'${path}' has no '${name}'`)
    }
    if (fields === RANGE) this.#requireRange(known as unknown as Range, path)
    return known
  }

  #value(type: FieldType, value: unknown, path: string): unknown {
    if (type === 'origin') return this.#originOf(value)
    if (typeof type === 'string') return this.#basic(type, value, path)
    if ('fields' in type) return this.read(type.fields, value, path)
    if ('list' in type) return this.#list(type.list, value, path)
    if ('each' in type) return this.#each(type.each, value, path)
    const isMember = (type.oneOf as readonly unknown[]).includes(value)
    return isMember ? value : this.#fail(`'${path}' is not one of: ${type.oneOf.join(', ')}`)
  }

  #basic(type: 'number' | 'text' | 'flag', value: unknown, path: string): unknown {
    const [name, isOne] = BASIC[type]
    return isOne(value) ? value : this.#fail(`'${path}' is not ${name}`)
  }

  #list(type: FieldType, value: unknown, path: string): unknown[] {
    if (!Array.isArray(value)) return this.#fail(`'${path}' is not a list`)
    return value.map((one, index) => this.#value(type, one, `${path}[${index}]`))
  }

  #each(type: FieldType, value: unknown, path: string): Json {
    if (!isObject(value)) return this.#fail(`'${path}' is not an object`)
    return Object.fromEntries(
      Object.entries(value).map(([name, one]) => [name, this.#value(type, one, `${path}.${name}`)]),
    )
  }

  #requireRange({ start, end }: Range, path: string): void {
    const isRange = Number.isSafeInteger(start) && Number.isSafeInteger(end) && 0 <= start
    if (!isRange || end < start) this.#fail(`'${path}' is not a range: ${start} to ${end}`)
  }
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
