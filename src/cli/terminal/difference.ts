/** The lines that differ between two texts. */
import type { Style } from './style.ts'

/** A line of both texts, of the first alone, or of the second alone. */
interface Line {
  readonly sign: ' ' | '-' | '+'
  readonly text: string
}

/** Unchanged lines that are shown on each side of a change. */
const CONTEXT = 2

/**
 * The difference between `before` and `after`: lines with `-` and `+`, the lines around them, `...`
 * between.
 */
export function differenceText(
  before: readonly string[],
  after: readonly string[],
  style: Style,
): string {
  const lines = linesOf(before, after)
  const isShown = lines.map((_, at) =>
    lines.slice(Math.max(0, at - CONTEXT), at + CONTEXT + 1).some(({ sign }) => sign !== ' '),
  )
  const shown = lines.flatMap((line, at) => {
    if (isShown[at]) return [lineText(line, style)]
    return isShown[at - 1] ? ['  ...'] : []
  })
  if (!isShown.at(-1)) shown.pop()
  return shown.map((line) => `${line}\n`).join('')
}

function lineText({ sign, text }: Line, { colors }: Style): string {
  const line = `${sign} ${text}`.trimEnd()
  if (sign === ' ') return line
  return sign === '-' ? colors.red(line) : colors.green(line)
}

/** All lines of both texts in order; a longest common subsequence is in both. */
function linesOf(before: readonly string[], after: readonly string[]): Line[] {
  const common = commonLengths(before, after)
  const lines: Line[] = []
  let from = 0
  let to = 0
  while (from < before.length || to < after.length) {
    const [old, made] = [before[from], after[to]]
    if (old !== undefined && old === made) {
      lines.push({ sign: ' ', text: old })
      from++
      to++
    } else if (old !== undefined && at(common, from + 1, to) >= at(common, from, to + 1)) {
      lines.push({ sign: '-', text: old })
      from++
    } else {
      lines.push({ sign: '+', text: made ?? '' })
      to++
    }
  }
  return lines
}

/** How many lines the rests from `[from][to]` on have in common, in order. */
function commonLengths(before: readonly string[], after: readonly string[]): number[][] {
  const common: number[][] = []
  for (let from = before.length - 1; from >= 0; from--) {
    const row: number[] = []
    for (let to = after.length - 1; to >= 0; to--) {
      row[to] =
        before[from] === after[to]
          ? at(common, from + 1, to + 1) + 1
          : Math.max(at(common, from + 1, to), row[to + 1] ?? 0)
    }
    common[from] = row
  }
  return common
}

/** Nothing is left in common beyond the end of either. */
function at(common: readonly (readonly number[])[], from: number, to: number): number {
  return common[from]?.[to] ?? 0
}
