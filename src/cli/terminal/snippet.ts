/** A few lines of the user's source around a place. */
import { readFileSync } from 'node:fs'
import { codeFrameColumns } from '@babel/code-frame'
import type { Place } from '../runs/record.ts'
import { blanked } from './printable.ts'
import type { Style } from './style.ts'

/** Undefined where the file cannot be read, or is shorter than the place says. */
export function snippet({ file, line, column }: Place, { isColored }: Style): string | undefined {
  const source = sourceOf(file)
  if (source === undefined || line > source.split('\n').length) return undefined
  return codeFrameColumns(
    source,
    { start: { line, column } },
    { highlightCode: isColored, forceColor: isColored, linesAbove: 2, linesBelow: 2 },
  )
}

function sourceOf(file: string): string | undefined {
  try {
    return blanked(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}
