/** Getting a program from its file, with no build step. */
import { readFileSync } from 'node:fs'
import { register } from 'node:module'
import { pathToFileURL } from 'node:url'
import { register as registerTypeScript } from 'tsx/esm/api'
import type { Driver } from '../../driver/driver.ts'
import type { Board } from '../../machine/board.ts'
import type { Prepare, Program } from '../../run/program.ts'
import { boardNamed } from '../../sim/boards/index.ts'
import type { Failure } from '../runs/record.ts'
import { loadFailure, notAProgram } from './load-failure.ts'
import type { Entries } from './own-package.ts'

interface Manifest {
  readonly name: string
  readonly exports: Readonly<Record<string, unknown>>
}

/** What a program's file exports. */
export interface LoadedProgram {
  readonly program: Program
  readonly prepare: Prepare | undefined
  readonly drivers: readonly Driver[]
  /** Boards of its own, sound ones. */
  readonly boards: readonly Board[]
}

export type Loaded = LoadedProgram | { readonly failure: Failure }

/** May sleep. Imports `file` and takes its default export. Call once per thread: it installs hooks. */
export async function loadProgram(file: string): Promise<Loaded> {
  registerTypeScript()
  register('./own-package.js', import.meta.url, { data: ownEntries() })
  try {
    const found: unknown = await import(pathToFileURL(file).href)
    const program = defaultOf(found)
    if (typeof program !== 'function') return { failure: notAProgram(file, program) }
    const boards = boardsOf(found)
    if ('failure' in boards) return boards
    const drivers = driversOf(found)
    if ('failure' in drivers) return drivers
    return { program: program as Program, prepare: prepareOf(found), drivers, boards }
  } catch (error) {
    return { failure: await loadFailure(file, error) }
  }
}

/** What package.json exports to programs, by the name that an import gives it. */
function ownEntries(): Entries {
  const manifest = new URL('../../../package.json', import.meta.url)
  const { name, exports } = JSON.parse(readFileSync(manifest, 'utf8')) as Manifest
  const paths = Object.keys(exports).filter((path) => !path.endsWith('.json'))
  const names = paths.map((path) => `${name}${path.slice(1)}`)
  return Object.fromEntries(names.map((entry) => [entry, import.meta.resolve(entry)]))
}

function prepareOf(module: unknown): Prepare | undefined {
  const { prepare } = module as { prepare?: unknown }
  return typeof prepare === 'function' ? (prepare as Prepare) : undefined
}

function boardsOf(module: unknown): readonly Board[] | { readonly failure: Failure } {
  const { boards = [] } = module as { boards?: unknown }
  if (!Array.isArray(boards))
    return { failure: notBoards("the file's export 'boards' is no array") }
  try {
    for (const board of boards) boardNamed(board as Board)
    return boards
  } catch (error) {
    return { failure: notBoards(error instanceof Error ? error.message : String(error)) }
  }
}

function driversOf(module: unknown): readonly Driver[] | { readonly failure: Failure } {
  const { drivers = [] } = module as { drivers?: unknown }
  if (Array.isArray(drivers) && drivers.every(isDriver)) return drivers
  return {
    failure: {
      kind: 'not-loaded',
      message: "the file's export 'drivers' is no array of drivers",
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
    advice: 'Spread a ready board and change what differs: `{ ...armSoc, name: "mine", ... }`.',
  }
}

/** The default export; that of a module compiled to CommonJS is wrapped once more. */
function defaultOf(module: unknown): unknown {
  const outer = (module as { default?: unknown }).default
  const isWrapped = typeof outer === 'object' && outer !== null && 'default' in outer
  return isWrapped ? outer.default : outer
}
