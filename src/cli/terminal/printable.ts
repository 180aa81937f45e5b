/** Texts that come from a program, fit for a terminal. */

/** Characters of one text that are worth showing. */
const LONGEST = 2000

/** Everything that moves a terminal's cursor or changes its state, but line ends and tabs. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the search is for them.
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

/** `text` with control characters as JavaScript writes them, and cut where it is very long. */
export function printable(text: string): string {
  const over = text.length - LONGEST
  const shown = over <= 0 ? text : `${text.slice(0, LONGEST)} (and ${over} more characters)`
  return shown.replace(CONTROLS, escaped)
}

/** `text` with a space for each control character, so that columns stay as they are. */
export function blanked(text: string): string {
  return text.replace(CONTROLS, ' ')
}

/** Plain data with every text in it printable, but the paths of files, which are opened. */
export function printableData<T>(data: T): T {
  return mapped(data, '') as T
}

function mapped(value: unknown, key: string): unknown {
  if (typeof value === 'string') return key === 'file' ? value : printable(value)
  if (Array.isArray(value)) return value.map((one: unknown) => mapped(one, key))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, mapped(one, name)]))
}

function escaped(character: string): string {
  const code = character.charCodeAt(0)
  const digits = code.toString(16)
  return code < 256 ? `\\x${digits.padStart(2, '0')}` : `\\u${digits.padStart(4, '0')}`
}
