import type { SourcePlace } from '../finding.ts'

/** `file:line:column`, which terminals and editors turn into a link. */
export function placeText({ file, line, column }: SourcePlace): string {
  return `${file}:${line}:${column}`
}
