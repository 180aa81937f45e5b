/**
 * Module hooks for programs. Runs in the thread that Node keeps for module hooks.
 *
 * - `dmabuf` is the very package that runs the program: a second copy would know nothing of the first
 *   one's kernel, and a program outside any project would find none at all.
 * - The user's files are transformed; those of packages are not.
 * - Every module of a program is loaded afresh for each run, as each has the run's number in its URL.
 */
import { existsSync, statSync } from 'node:fs'
import type { InitializeHook, LoadHook, ResolveFnOutput, ResolveHook } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { MessagePort } from 'node:worker_threads'
import {
  HELPERS,
  isOfPackage,
  isUserSource,
  loadTransformer,
  readUserSource,
  runnable,
} from './transform.ts'

/** The hooks' facts about the package that they belong to. */
export interface HookData {
  /** Its folder, as a URL that ends in a slash. */
  readonly root: string
  /** Its entries: the name in an import, and the file's URL. */
  readonly entries: Readonly<Record<string, string>>
  /** Gets the path of each file of the user's, before it is loaded. */
  readonly files?: MessagePort
}

/** The part of a module's URL that says for which run it was loaded. */
const RUN = 'dmabuf-run'

let data: HookData = { root: '', entries: {} }

/** The URL of `file` for run `run`. */
export function runUrl(file: string, run: number): string {
  return withRun(pathToFileURL(file).href, String(run))
}

export const initialize: InitializeHook<HookData> = (given) => {
  data = given
}

export const resolve: ResolveHook = async (specifier, context, next) => {
  const own = data.entries[specifier]
  if (own !== undefined) return { url: own, format: 'module', shortCircuit: true }
  if (specifier.startsWith(HELPERS)) {
    return await next(specifier, { ...context, parentURL: import.meta.url })
  }
  const run = runOf(context.parentURL) ?? runOf(specifier)
  const found = await resolved(specifier, context, next)
  if (run === undefined || !isOfProgram(found.url)) return found
  return { ...found, url: withRun(found.url, run) }
}

export const load: LoadHook = async (url, context, next) => {
  if (isOfProgram(url) && !isOfPackage(fileURLToPath(url))) {
    data.files?.postMessage(fileURLToPath(url))
  }
  const file = userFile(url)
  if (file === undefined) return await next(url, context)
  await loadTransformer()
  const source = readUserSource(file)
  const isModule = source.isModule || context.format === 'module'
  // CommonJS is transformed where it is required: its imports of other files do not come here.
  if (!isModule) return await next(url, { ...context, format: 'commonjs' })
  return { format: 'module', source: runnable({ ...source, isModule }), shortCircuit: true }
}

type Next = Parameters<ResolveHook>[2]
type Context = Parameters<ResolveHook>[1]

/** As Node resolves it, else as TypeScript and bundlers do. */
async function resolved(specifier: string, context: Context, next: Next): Promise<ResolveFnOutput> {
  try {
    return await next(specifier, context)
  } catch (error) {
    const file = sourceFor(specifier, context.parentURL)
    if (file === undefined) throw error
    return { url: pathToFileURL(file).href, shortCircuit: true }
  }
}

/** The TypeScript file that a path of JavaScript, or one without an extension, stands for. */
function sourceFor(specifier: string, parentURL: string | undefined): string | undefined {
  if (!/^(?:\.{0,2}\/|file:)/.test(specifier)) return undefined
  const url = new URL(specifier, parentURL)
  if (url.protocol !== 'file:') return undefined
  const path = fileURLToPath(url)
  const typed = path.replace(/\.([cm]?)js(x?)$/, '.$1ts$2')
  const names = [
    ...(typed === path ? [] : [typed]),
    ...EXTENSIONS.map((extension) => `${path}${extension}`),
    ...EXTENSIONS.map((extension) => `${path}/index${extension}`),
  ]
  return names.find((name) => existsSync(name) && statSync(name).isFile())
}

const EXTENSIONS: readonly string[] = ['.ts', '.mts', '.tsx', '.js', '.mjs']

/** The path of a file that is the user's own, and not of a package. */
function userFile(url: string): string | undefined {
  if (!isOfProgram(url)) return undefined
  const file = fileURLToPath(url)
  return isUserSource(file) && !isOfPackage(file) ? file : undefined
}

/** A file, and none of this package's code. Programs may lie in the package's folder. */
function isOfProgram(url: string): boolean {
  if (!url.startsWith('file:')) return false
  return !(url.startsWith(`${data.root}dist/`) || url.startsWith(`${data.root}node_modules/`))
}

function withRun(url: string, run: string): string {
  const whole = new URL(url)
  whole.searchParams.set(RUN, run)
  return whole.href
}

function runOf(url: string | undefined): string | undefined {
  if (url === undefined || !url.includes(RUN)) return undefined
  return new URL(url).searchParams.get(RUN) ?? undefined
}
