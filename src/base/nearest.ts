/** Guessing which name was meant. */

/** The one of `names` that takes the fewest edits to become `word`, if that is few enough. */
export function nearest(word: string, names: Iterable<string>): string | undefined {
  const limit = Math.max(2, Math.floor(word.length / 3))
  let best: string | undefined
  let fewest = limit + 1
  for (const name of names) {
    const count = edits(word.toLowerCase(), name.toLowerCase())
    if (count < fewest) [best, fewest] = [name, count]
  }
  return best
}

/** Names that a beginning may stand for. */
const MOST_GUESSES = 3
/** More names than this are not listed in an error. */
const MOST_LISTED = 12

/** `Did you mean 'x'?` for a word that is none of `names`; undefined where no name is like it. */
export function guessText(word: string, names: readonly string[]): string | undefined {
  const guesses = guessesFor(word, names).map((name) => `'${name}'`)
  const last = guesses.pop()
  if (last === undefined) return undefined
  return `Did you mean ${guesses.length === 0 ? last : `${guesses.join(', ')} or ${last}`}?`
}

/** `Did you mean 'x'? There are: a, b.`; `list` says where many names are listed. */
export function didYouMean(word: string, names: readonly string[], list?: string): string {
  const all =
    list !== undefined && names.length > MOST_LISTED ? list : `There are: ${names.join(', ')}.`
  return [guessText(word, names), all].filter((text) => text !== undefined).join(' ')
}

function guessesFor(word: string, names: readonly string[]): string[] {
  const guess = nearest(word, names)
  if (guess !== undefined) return [guess]
  const begun = names.filter((name) => name.startsWith(word.toLowerCase()))
  return word.length > 1 && begun.length <= MOST_GUESSES ? begun : []
}

/** Levenshtein's distance: insertions, deletions and replacements. */
function edits(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const replaced = at(row, j - 1) + (from[i - 1] === to[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, at(row, j) + 1, at(next, j - 1) + 1))
    }
    row = next
  }
  return at(row, to.length)
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY
}
