/**
 * Module hooks for programs: `dmabuf` is the very package that runs them, and ESM is ESM.
 *
 * A second copy of the package would know nothing of the first one's kernel, and a program outside any
 * project would find none at all. Runs in the thread that Node keeps for module hooks.
 */
import { readFileSync } from 'node:fs'
import type { InitializeHook, ResolveHook } from 'node:module'

/** The package's entries: what a program writes in an import, to the file's URL. */
export type Entries = Readonly<Record<string, string>>

let entries: Entries = {}

/** A path that Node would take for CommonJS or ESM by the nearest package.json. */
const UNDECIDED = /\.[jt]sx?$/
/** What only ESM has, at the start of a line. */
const ESM_SYNTAX =
  /^\s*(?:import\s*[\w{*'"]|export\s+(?:default|const|async|function|class|\{|\*))/m

export const initialize: InitializeHook<Entries> = (own) => {
  entries = own
}

export const resolve: ResolveHook = async (specifier, context, next) => {
  const own = entries[specifier]
  if (own !== undefined) return { url: own, format: 'module', shortCircuit: true }
  const found = await next(specifier, context)
  const isEsm = found.format !== 'module' && isUndecidedEsm(found.url)
  return isEsm ? { ...found, format: 'module' } : found
}

/** Whether a user's file has no package.json to call it a module, and yet is one. */
function isUndecidedEsm(url: string): boolean {
  if (!url.startsWith('file:') || url.includes('/node_modules/')) return false
  const file = new URL(url)
  if (!UNDECIDED.test(file.pathname)) return false
  try {
    return ESM_SYNTAX.test(readFileSync(file, 'utf8'))
  } catch {
    return false
  }
}
