/** `dmabuf boards`. */
import { existsSync } from 'node:fs'
import { didYouMean } from '../../base/nearest.ts'
import { readyBoards } from '../../boards/index.ts'
import { type Board, snoops } from '../../machine/board.ts'
import { exitCode } from '../exit-code.ts'
import { Interrupted } from '../interruption.ts'
import { isProgramName, programFile } from '../program-file.ts'
import { loadBoards } from '../runs/load-boards.ts'
import { NotLoadedError } from '../runs/program-worker.ts'
import { boardText } from '../terminal/board-text.ts'
import { print } from '../terminal/print.ts'
import { type Style, styleFor } from '../terminal/style.ts'
import { tableText, textTable } from '../terminal/table.ts'
import { UsageError } from '../usage-error.ts'
import { reportFailure } from './report.ts'

/** May sleep. Prints, and returns the exit code. Throws a UsageError. `signal` aborts with `Interrupted`. */
export async function boards(
  words: readonly string[],
  flags: { readonly color: boolean },
  signal: AbortSignal,
): Promise<number> {
  try {
    await print(await boardsText(words, styleFor(process.stdout, flags.color), signal))
    return exitCode.clean
  } catch (error) {
    if (error instanceof Interrupted) return error.code
    if (!(error instanceof NotLoadedError)) throw error
    const choice = { reporter: 'text' as const, output: undefined }
    return await reportFailure(error, { file: words[0] ?? '', flags, choice })
  }
}

/**
 * May sleep. Lists the built-in boards, and those that the program `words` names brings; or one of them
 * in full, by its name. Throws a UsageError, a NotLoadedError, and the reason of `signal`.
 */
async function boardsText(
  words: readonly string[],
  style: Style,
  signal: AbortSignal,
): Promise<string> {
  const [first, ...rest] = words
  const isFile = first !== undefined && !readyBoards.has(first) && isFileName(first)
  const own = isFile ? await loadBoards(programFile(first), signal) : []
  const boards = [...readyBoards.values(), ...own]
  const names = isFile ? rest : words
  if (names.length === 0) return listText(boards, style)
  return names.map((name) => boardText(namedBoard(name, boards), style)).join('\n')
}

function isFileName(word: string): boolean {
  return isProgramName(word) || /[\\/]/.test(word) || existsSync(word)
}

function namedBoard(name: string, boards: readonly Board[]): Board {
  const found = boards.find((board) => board.name === name)
  if (found !== undefined) return found
  const known = boards.map((board) => board.name)
  throw new UsageError(`board '${name}' is unknown`, didYouMean(name, known))
}

/** A table of the properties that decide about coherency, and a description of each board. */
function listText(boards: readonly Board[], style: Style): string {
  const devices = [
    ...new Set([...readyBoards.values()].flatMap((board) => Object.keys(board.devices))),
  ]
  const columns = [
    { head: 'board' },
    { head: 'line', align: 'right' as const },
    ...devices.map((head) => ({ head })),
    { head: 'CMA heap' },
  ]
  const rows = boards.map((board) => [
    board.name,
    `${board.lineSize} B`,
    ...devices.map((device) => (snoops(board, device) ? 'snoops' : 'no snoop')),
    board.cma?.name ?? 'none',
  ])
  const descriptions = boards.map(({ name, description }) => [name, description])
  const described = [{ head: 'board' }, { head: 'description' }]
  return `${textTable(described, descriptions, style)}\n${tableText(columns, rows, style)}`
}
