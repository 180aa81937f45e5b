/** Getting a program from its file, with no build step. */
import { readFileSync } from 'node:fs'
import { register } from 'node:module'
import { pathToFileURL } from 'node:url'
import { register as registerTypeScript } from 'tsx/esm/api'
import type { Prepare, Program } from '../../run/program.ts'
import type { Failure } from '../runs/record.ts'
import { loadFailure, notAProgram } from './load-failure.ts'
import type { Entries } from './own-package.ts'

interface Manifest {
  readonly name: string
  readonly exports: Readonly<Record<string, unknown>>
}

export type Loaded =
  | { readonly program: Program; readonly prepare: Prepare | undefined }
  | { readonly failure: Failure }

/** May sleep. Imports `file` and takes its default export. Call once per thread: it installs hooks. */
export async function loadProgram(file: string): Promise<Loaded> {
  registerTypeScript()
  register('./own-package.js', import.meta.url, { data: ownEntries() })
  try {
    const found: unknown = await import(pathToFileURL(file).href)
    const program = defaultOf(found)
    return typeof program === 'function'
      ? { program: program as Program, prepare: prepareOf(found) }
      : { failure: notAProgram(file, program) }
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

/** The default export; that of a module compiled to CommonJS is wrapped once more. */
function defaultOf(module: unknown): unknown {
  const outer = (module as { default?: unknown }).default
  const isWrapped = typeof outer === 'object' && outer !== null && 'default' in outer
  return isWrapped ? outer.default : outer
}
