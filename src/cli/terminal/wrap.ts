/** Breaking text at spaces. */

/** The width of pages in a pipe or file. */
export const PAGE_WIDTH = 80

/** `text` in lines of at most `width` characters. A longer word has a line for itself. Line breaks stay. */
export function wrapped(text: string, width: number): string[] {
  return text.split('\n').flatMap((line) => wrappedLine(line, width))
}

function wrappedLine(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line === '') line = word
    else if (line.length + 1 + word.length <= width) line += ` ${word}`
    else {
      lines.push(line)
      line = word
    }
  }
  return [...lines, line]
}
