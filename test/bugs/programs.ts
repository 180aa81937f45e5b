/** The programs under bugs/, and the claims of their first lines. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { RuleId } from 'dmabuf/check'
import { ruleNamed } from 'dmabuf/check'
import {
  type Board,
  boardNamed,
  type PolicyName,
  type Program,
  type RunOptions,
  boards as ready,
  type SimKernel,
} from 'dmabuf/sim'

const folder = new URL('../../bugs/', import.meta.url)

/** Where the bytes go wrong: `arm-soc lazy` and so on, or everywhere; `none` where it throws instead. */
export type Bytes = ReadonlySet<string> | 'everywhere' | 'none'

export interface BugProgram {
  /** Without `.ts`. */
  readonly name: string
  readonly expect: readonly RuleId[]
  readonly bytes: Bytes
  /** Advice that it gets, which is not a finding. */
  readonly lints: readonly RuleId[]
  /** The boards that the claims are about. */
  readonly boards: readonly Board[]
  /** The name of the program that does it right; its own, where it does. */
  readonly twin: string
  readonly program: Program
  readonly prepare: ((kernel: SimKernel) => void) | undefined
  readonly drivers: RunOptions['drivers']
}

interface BugModule extends Pick<RunOptions, 'drivers'> {
  /** Its own, beside the ready ones. */
  readonly boards?: readonly Board[]
  readonly default: Program
  readonly prepare?: (kernel: SimKernel) => void
}

/** The programs' names, without `.ts`. */
export function programNames(): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.slice(0, -'.ts'.length))
    .sort()
}

/** May sleep. The program named `name`, with its claims. Throws where they cannot be understood. */
export async function loadProgram(name: string): Promise<BugProgram> {
  const file = fileURLToPath(new URL(`${name}.ts`, folder))
  const [first = '', second = '', ...rest] = readFileSync(file, 'utf8').split('\n')
  const module: BugModule = await import(pathToFileURL(file).href)
  const expect = parseExpect(first)
  const lints = parseLints(rest)
  return {
    name,
    expect,
    bytes: parseBytes(second, module.boards),
    lints,
    boards: parseBoards(rest, module.boards),
    twin: existsSync(new URL(`${name}.fixed.ts`, folder)) ? `${name}.fixed` : name,
    program: module.default,
    prepare: module.prepare,
    drivers: module.drivers,
  }
}

/** `// expect: clean` or `// expect: RULE[, RULE]`. */
export function parseExpect(line: string): RuleId[] {
  const claim = /^\/\/ expect: (.+)$/.exec(line)?.[1]
  if (claim === undefined) throw new Error(`the first line says nothing: ${line}`)
  if (claim === 'clean') return []
  return claim.split(', ').map((id) => {
    const rule = ruleNamed(id)
    if (rule?.id !== id) throw new Error(`there is no rule '${id}'`)
    return rule.id
  })
}

/** `// lints: RULE[, RULE]` among the lines after the first two. */
export function parseLints(lines: readonly string[]): RuleId[] {
  const claim = claimed('lints', lines)
  return claim === undefined ? [] : parseExpect(`// expect: ${claim}`)
}

/** `// on: BOARD[, BOARD]`; the laptop and the board that it hides when there is no such line. */
export function parseBoards(lines: readonly string[], own: readonly Board[] = []): Board[] {
  const names = claimed('on', lines)?.split(', ') ?? ['pc', 'arm-soc']
  return names.map((name) => boardNamed(own.find((board) => board.name === name) ?? name))
}

function claimed(key: string, lines: readonly string[]): string | undefined {
  const text = `// ${key}: `
  return lines.find((line) => line.startsWith(text))?.slice(text.length)
}

const PLACE = /^([a-z0-9-]+) (lazy|eager|random)$/

/** `// bytes: right everywhere`, `wrong everywhere`, `wrong on BOARD POLICY[, …]`, `none, it throws everywhere`. */
export function parseBytes(line: string, own: readonly Board[] = []): Bytes {
  const known = new Set([...ready.keys(), ...own.map(({ name }) => name)])
  const isPlace = (text: string): boolean => known.has(PLACE.exec(text)?.[1] ?? '')
  const claim = /^\/\/ bytes: (.+)$/.exec(line)?.[1]
  if (claim === 'right everywhere') return new Set()
  if (claim === 'wrong everywhere') return 'everywhere'
  if (claim === 'none, it throws everywhere') return 'none'
  const places = /^wrong on (.+)$/.exec(claim ?? '')?.[1]?.split(', ')
  if (places === undefined || !places.every(isPlace)) {
    throw new Error(`the second line says nothing: ${line}`)
  }
  return new Set(places)
}

/** Whether the bytes are claimed to be wrong there. */
export function isWrong(bytes: Bytes, board: string, policy: PolicyName): boolean {
  return bytes === 'everywhere' || (bytes !== 'none' && bytes.has(`${board} ${policy}`))
}
