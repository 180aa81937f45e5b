/** One line of a stack. */
export interface StackFrame {
  /** A path, or a URL that is not a file's. */
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1. */
  readonly column: number
  /** The function's name, where the engine gives one. */
  readonly name?: string | undefined
}

/**
 * The path of a `file:` URL, and any other name as it is: without a query, with forward slashes.
 */
export function normalizeFile(file: string): string {
  const isUrl = file.startsWith('file://')
  const path = isUrl ? decode(file.slice('file://'.length).replace(/[?#].*$/, '')) : file
  const slashes = path.replaceAll('\\', '/')
  return slashes.replace(/^\/(?=[A-Za-z]:\/)/, '')
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

/** V8: `at name (file:1:2)`, `at async name (file:1:2)`, `at file:1:2`. */
const v8 = /^\s*at (?:async )?(?:(.*) \()?(.+?):(\d+):(\d+)\)?$/
/** SpiderMonkey and JavaScriptCore: `name@file:1:2`. */
const gecko = /^(.*?)@(.+?):(\d+):(\d+)$/

/** The frames of `stack`, innermost first; lines without a position are left out. */
export function parseStack(stack: string): StackFrame[] {
  const frames: StackFrame[] = []
  for (const text of stack.split('\n')) {
    const match = v8.exec(text) ?? gecko.exec(text)
    if (match === null) continue
    const [, name, file = '', line, column] = match
    frames.push({
      file: normalizeFile(file),
      line: Number(line),
      column: Number(column),
      name: name === '' ? undefined : name,
    })
  }
  return frames
}
