/** TypeScript, and the newest JavaScript, as the oldest supported Node runs it. */
import { readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { messageOf } from '../../run/thrown.ts'

/** The same output on every Node, so that a program behaves alike on all of them. */
const TARGET = 'node20.19'

/**
 * The module of the output's helpers: this package's, whichever version the program has installed.
 */
export const HELPERS = '@oxc-project/runtime/'

/** Syntax of ESM alone, at the start of a line. */
const ESM_SYNTAX =
  /^\s*(?:import\s*[\w{*'"]|export\s+(?:default|const|let|var|async|function|class|enum|type|interface|abstract|declare|namespace|\{|\*))/m
/** Syntax of TypeScript for CommonJS alone. */
const COMMONJS_SYNTAX = /^\s*(?:import\s+[\w$]+\s*=\s*require\s*\(|export\s*=)/m
/** `using` is news to Node 20 and 22, in plain JavaScript too. */
const USING = /\busing\s+[\w$]/
/** The transformer leaves `using` in the head of such a loop as it is. */
const USING_IN_LOOP_HEAD = /\bfor\s*\(\s*(?:await\s+)?using\s+[\w$]+\s*=/
const TYPESCRIPT = /^\.[cm]?tsx?$|^\.jsx$/
const JAVASCRIPT = /^\.m?js$/

/** Source of a user's file, read once. */
export interface UserSource {
  readonly file: string
  readonly text: string
  /** ESM: by its extension or its content. */
  readonly isModule: boolean
  /** Node cannot run it as it is. */
  readonly isForeign: boolean
}

/** Whether files of this name are for programs: everything else is left to Node. */
export function isUserSource(file: string): boolean {
  const extension = extname(file)
  return TYPESCRIPT.test(extension) || JAVASCRIPT.test(extension)
}

/** Files of installed packages are run as they are. */
export function isOfPackage(file: string): boolean {
  return /[\\/]node_modules[\\/]/.test(file)
}

export function readUserSource(file: string): UserSource {
  const extension = extname(file)
  const text = readFileSync(file, 'utf8')
  const isForeign = TYPESCRIPT.test(extension) || USING.test(text)
  const isModule = ESM_SYNTAX.test(text) && !COMMONJS_SYNTAX.test(text)
  return { file, text, isModule: extension.startsWith('.m') || isModule, isForeign }
}

type Transformer = typeof import('oxc-transform')

let transformer: Transformer | undefined
let problem: unknown

/** May sleep. To be called before anything is transformed: a missing binary is an error of that only. */
export async function loadTransformer(): Promise<void> {
  if (transformer !== undefined) return
  try {
    transformer = await import('oxc-transform')
  } catch (error) {
    problem = error
  }
}

function loadedTransformer(): Transformer {
  if (transformer !== undefined) return transformer
  throw new Error(
    'the package oxc-transform, which compiles programs, cannot be loaded: install dmabuf with its ' +
      `optional dependencies, on this platform (${messageOf(problem)})`,
  )
}

/** A file that cannot be transformed. The message is `FILE:LINE:COLUMN: ERROR: what`, counted from 1. */
export class TransformError extends SyntaxError {}

/** The text of `source`, transformed where Node cannot run it. Throws a TransformError. */
export function runnable(source: UserSource): string {
  const code = transformed(source)
  return source.isForeign ? code : source.text
}

/**
 * JavaScript for `source`, with a source map in its last line. Throws a TransformError for the
 * first error.
 */
export function transformed({ file, text, isModule }: UserSource): string {
  const { code, map, errors } = loadedTransformer().transformSync(file, text, {
    target: TARGET,
    sourcemap: true,
    sourceType: isModule ? 'module' : 'commonjs',
  })
  const [error] = errors
  if (error !== undefined) {
    const [{ start } = { start: 0 }] = error.labels
    throw new TransformError(`${file}:${placeAt(text, start)}: ERROR: ${error.message}`)
  }
  if (USING_IN_LOOP_HEAD.test(code)) throw usingInLoopHead(file, text)
  return map === undefined ? code : `${code}\n${mapComment(file, text, map.mappings)}\n`
}

function usingInLoopHead(file: string, text: string): TransformError {
  const before = text.slice(0, Math.max(0, text.search(USING_IN_LOOP_HEAD)))
  const place = placeAt(text, Buffer.byteLength(before))
  const problem = 'a `using` declaration in the head of a `for` loop is not supported'
  return new TransformError(`${file}:${place}: ERROR: ${problem}: declare it before the loop`)
}

/** `offset` counts bytes of UTF-8; columns count UTF-16 units. */
function placeAt(text: string, offset: number): string {
  const before = Buffer.from(text).subarray(0, offset).toString().split('\n')
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`
}

/** The source's name alone: it lies beside the code, and the query that a module has is not a file's. */
function mapComment(file: string, text: string, mappings: string): string {
  const name = encodeURIComponent(file.split(/[\\/]/).at(-1) ?? file)
  const map = { version: 3, sources: [name], sourcesContent: [text], names: [], mappings }
  const base64 = Buffer.from(JSON.stringify(map)).toString('base64')
  return `//# sourceMappingURL=data:application/json;base64,${base64}`
}
