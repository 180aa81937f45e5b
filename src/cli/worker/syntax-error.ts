/** Where a SyntaxError is: Node says so only when it prints one. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { normalizeFile } from '../../tap/stack.ts'
import type { Place } from '../runs/record.ts'

export interface SyntaxPlace {
  readonly place: Place
  /** The source line. */
  readonly text: string
}

/** The place at the head of an error's stack, which errors about imported names have. */
export function shownSyntaxError(error: Error): SyntaxPlace | undefined {
  return parseShown(error.stack ?? '')
}

/** May sleep. The place that Node prints when it checks `file` as a module. */
export async function nodeSyntaxError(file: string): Promise<SyntaxPlace | undefined> {
  const shown = parseShown(await check(readFileSync(file, 'utf8')))
  return shown === undefined ? undefined : { ...shown, place: { ...shown.place, file } }
}

/** `FILE:LINE`, the source line, and a line with the caret under its column. */
function parseShown(text: string): SyntaxPlace | undefined {
  const match = /^(\S.*):(\d+)\n(.*)\n( *)\^/.exec(text)
  if (match === null) return undefined
  const [, file = '', line, source = '', indent = ''] = match
  const place = { file: normalizeFile(file), line: Number(line), column: indent.length + 1 }
  return { place, text: source }
}

async function check(source: string): Promise<string> {
  return await new Promise((resolve) => {
    const node = spawn(process.execPath, ['--input-type=module', '--check', '-'], { env: {} })
    let text = ''
    node.stderr.setEncoding('utf8').on('data', (part: string) => {
      text += part
    })
    node.on('error', () => resolve('')).on('close', () => resolve(text))
    node.stdin.on('error', () => {}).end(source)
  })
}
