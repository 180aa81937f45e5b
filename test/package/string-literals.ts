/** The string literals of TypeScript source, without comments. */

/** Texts of literals; `…` stands for each `${...}` of a template. Regular expressions must hold no quotes. */
export function stringLiterals(source: string): string[] {
  const found: string[] = []
  scanCode(source, 0, found)
  return found
}

/** Scans from `start` to the end, or to the `}` that closes a template's expression. Returns its place. */
function scanCode(source: string, start: number, found: string[]): number {
  let depth = 0
  let at = start
  while (at < source.length) {
    const here = source[at]
    if (source.startsWith('//', at)) at = endOf(source, '\n', at)
    else if (source.startsWith('/*', at)) at = endOf(source, '*/', at)
    else if (here === "'" || here === '"') at = scanQuoted(source, at, found)
    else if (here === '`') at = scanTemplate(source, at, found)
    else if (here === '}' && depth === 0 && start > 0) return at
    else {
      if (here === '{') depth++
      if (here === '}') depth--
      at++
    }
  }
  return at
}

function endOf(source: string, mark: string, from: number): number {
  const at = source.indexOf(mark, from)
  return at < 0 ? source.length : at + mark.length
}

/** Returns the place after the closing quote. */
function scanQuoted(source: string, start: number, found: string[]): number {
  const quote = source[start]
  let at = start + 1
  while (at < source.length && source[at] !== quote && source[at] !== '\n') {
    at += source[at] === '\\' ? 2 : 1
  }
  found.push(source.slice(start + 1, at))
  return at + 1
}

/** Returns the place after the closing backtick. */
function scanTemplate(source: string, start: number, found: string[]): number {
  let text = ''
  let at = start + 1
  while (at < source.length && source[at] !== '`') {
    if (source.startsWith('${', at)) {
      text += '…'
      at = scanCode(source, at + 2, found) + 1
    } else {
      const length = source[at] === '\\' ? 2 : 1
      text += source.slice(at, at + length)
      at += length
    }
  }
  found.push(text)
  return at + 1
}
