/** Types of the values that a recorded event holds, as data. */

/** `origin`: a line of the program, which a trace holds as a number. `each`: an object of any names. */
export type FieldType =
  | 'number'
  | 'text'
  | 'flag'
  | 'origin'
  | { readonly oneOf: readonly string[] }
  | { readonly list: FieldType }
  | { readonly each: FieldType }
  | { readonly fields: Fields }

export interface Field {
  readonly type: FieldType
  readonly optional?: true
}

export type Fields = Readonly<Record<string, Field>>
