/** The guide's driver with an edit, loaded from a separate folder. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Finding } from 'dmabuf/check'
import type { Board, Driver, Program } from 'dmabuf/sim'
import type { Mistake } from './mistakes.ts'

export const folder: string = fileURLToPath(new URL('../../examples/driver/', import.meta.url))

export interface Edited {
  readonly folder: string
  readonly program: Program
  readonly drivers: readonly Driver[]
  readonly boards: readonly Board[]
  /** `file: text of the line` that a finding points to. */
  lineOf(finding: Finding): string
  remove(): void
}

/** May sleep. Throws for an edit whose text is not in the file exactly once. */
export async function withMistake({ file, edits }: Mistake): Promise<Edited> {
  const copy = mkdtempSync(join(tmpdir(), 'dmabuf-guide-'))
  cpSync(folder, copy, { recursive: true })
  const path = join(copy, file)
  let text = readFileSync(path, 'utf8')
  for (const { from, to } of edits) {
    const count = text.split(from).length - 1
    if (count !== 1) throw new Error(`${file} holds ${count} times: ${from}`)
    text = text.replace(from, () => to)
  }
  writeFileSync(path, text)
  const module = await import(pathToFileURL(join(copy, 'program.ts')).href)
  return {
    folder: copy,
    program: module.default,
    drivers: module.drivers,
    boards: module.boards,
    lineOf: ({ where }) => lineAt(where),
    remove: () => rmSync(copy, { recursive: true }),
  }
}

function lineAt(where: string | undefined): string {
  const [, file = '', line] = /^(.*):(\d+):\d+$/.exec(where ?? '') ?? []
  if (file === '') return 'nowhere'
  const text = readFileSync(file, 'utf8').split('\n')[Number(line) - 1] ?? ''
  return `${basename(file)}: ${text.trim()}`
}
