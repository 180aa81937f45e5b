/** Getting a program from its file, with no build step. */
import { register } from 'node:module'
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { boardNamed, readyBoards as ready } from '../../boards/index.ts'
import type { Driver } from '../../driver/driver.ts'
import type { Board } from '../../machine/board.ts'
import type { Prepare, Program } from '../../run/program.ts'
import { messageOf } from '../../run/thrown.ts'
import { packageRoot, readManifest } from '../package-root.ts'
import { ALL_BOARDS, isSafeName, NAME_RULE } from '../runs/plan.ts'
import type { Failure } from '../runs/record.ts'
import { forgetRequired, installCommonJs, requiredFiles, requiredSince } from './common-js.ts'
import { type HookData, runUrl } from './hooks.ts'
import { loadFailure, notAProgram } from './load-failure.ts'
import { loadTransformer } from './transform.ts'

/** The exports of a program's file. */
export interface LoadedProgram {
  readonly program: Program
  readonly prepare: Prepare | undefined
  readonly drivers: readonly Driver[]
  /** Its own boards, checked. */
  readonly boards: readonly Board[]
}

export type Loaded = LoadedProgram | { readonly failure: Failure }

/** Loads programs in this thread, each time as if for the first time. */
export class ProgramLoader {
  #loads = 0
  #required: ReadonlySet<string> = new Set()
  /** From the hooks: the files that they load. */
  #files: MessagePort | undefined

  /** May sleep. Loads this package's entries and installs the hooks. Call once per thread. */
  async install(): Promise<void> {
    const entries = ownEntries()
    const preloaded = Object.entries(entries).filter(([name]) => !name.endsWith('/linux'))
    await Promise.all(preloaded.map(([, url]) => import(url)))
    const { port1, port2 } = new MessageChannel()
    this.#files = port1
    const data: HookData = { root: packageRoot.href, entries, files: port2 }
    registerQuietly(new URL('dist/cli/worker/hooks.js', packageRoot), data, [port2])
    await loadTransformer()
    installCommonJs(entries)
    process.setSourceMapsEnabled(true)
    this.#required = requiredFiles()
  }

  /** May sleep. Imports `file`, and all it imports, afresh and takes its default export. */
  async load(file: string): Promise<Loaded> {
    this.#loads++
    forgetRequired(this.#required)
    try {
      return await programOf(file, await import(runUrl(file, this.#loads)))
    } catch (error) {
      return { failure: await loadFailure(file, error) }
    }
  }

  /**
   * The user's files of the last load, and the files imported since: once each, also if the import
   * failed.
   */
  takeFiles(): string[] {
    const files = new Set(requiredSince(this.#required))
    let next = this.#files && receiveMessageOnPort(this.#files)
    while (this.#files !== undefined && next !== undefined) {
      files.add(String(next.message))
      next = receiveMessageOnPort(this.#files)
    }
    return [...files]
  }
}

/**
 * Node 26 would warn, among the program's own output; the interface that it recommends is not in
 * Node 20.
 */
function registerQuietly(hooks: URL, data: HookData, transferList: MessagePort[]): void {
  const { noDeprecation = false } = process
  process.noDeprecation = true
  register(hooks, { data, transferList })
  process.noDeprecation = noDeprecation
}

function programOf(file: string, found: unknown): Loaded {
  const program = defaultOf(found)
  if (typeof program !== 'function') return { failure: notAProgram(file, program) }
  const boards = boardsOf(found)
  if ('failure' in boards) return boards
  const drivers = driversOf(found)
  if ('failure' in drivers) return drivers
  const prepare = prepareOf(found)
  if (prepare !== undefined && 'failure' in prepare) return prepare
  return { program: program as Program, prepare, drivers, boards }
}

/** The exports of package.json for programs, by the name in an import. */
function ownEntries(): Readonly<Record<string, string>> {
  const { name, exports } = readManifest()
  const paths = Object.keys(exports).filter((path) => !path.endsWith('.json'))
  const names = paths.map((path) => `${name}${path.slice(1)}`)
  return Object.fromEntries(names.map((entry) => [entry, import.meta.resolve(entry)]))
}

function prepareOf(module: unknown): Prepare | undefined | { readonly failure: Failure } {
  const { prepare } = module as { prepare?: unknown }
  if (prepare === undefined || typeof prepare === 'function') return prepare as Prepare | undefined
  return {
    failure: {
      kind: 'not-loaded',
      message: `the export 'prepare' must be a function (its type is ${typeof prepare})`,
      advice: '`export const prepare = (kernel) => { kernel.fail(...) }` plans failures.',
    },
  }
}

function boardsOf(module: unknown): readonly Board[] | { readonly failure: Failure } {
  const { boards = [] } = module as { boards?: unknown }
  if (!Array.isArray(boards)) {
    return { failure: notBoards("the file's export 'boards' is not an array") }
  }
  const names = new Set(ready.keys())
  for (const board of boards as readonly Board[]) {
    const problem = boardProblem(board, names)
    if (problem !== undefined) return { failure: notBoards(problem) }
    names.add(board.name)
  }
  return boards
}

/** Why `board` cannot be run on beside boards of the names in `taken`. */
function boardProblem(board: Board, taken: ReadonlySet<string>): string | undefined {
  try {
    boardNamed(board)
  } catch (error) {
    return messageOf(error)
  }
  const { name } = board
  if (name === ALL_BOARDS) return `a board cannot be named '${name}', which means all boards`
  if (!isSafeName(name)) return `a board cannot be named ${JSON.stringify(name)}: ${NAME_RULE}`
  if (taken.has(name)) return `there are two boards named '${name}': each needs a unique name`
  return undefined
}

function driversOf(module: unknown): readonly Driver[] | { readonly failure: Failure } {
  const { drivers = [] } = module as { drivers?: unknown }
  if (Array.isArray(drivers) && drivers.every(isDriver)) return drivers
  return {
    failure: {
      kind: 'not-loaded',
      message: "the file's export 'drivers' is not an array of drivers",
      advice: 'Each has a name and a function: `{ name: "mine", probe(context) { ... } }`.',
    },
  }
}

function isDriver(value: unknown): value is Driver {
  const { name, probe } = (value ?? {}) as Partial<Driver>
  return typeof name === 'string' && typeof probe === 'function'
}

function notBoards(why: string): Failure {
  return {
    kind: 'not-loaded',
    message: why,
    advice:
      'Spread a built-in board and change the properties that differ: `{ ...armSoc, name: "mine", ... }`.',
  }
}

/** The default export; that of a module compiled to CommonJS is wrapped once more. */
function defaultOf(module: unknown): unknown {
  const outer = (module as { default?: unknown }).default
  const isWrapped = typeof outer === 'object' && outer !== null && 'default' in outer
  return isWrapped ? outer.default : outer
}
