/** Programs of CommonJS: `require('dmabuf')`, and TypeScript that is required. */
import Module, { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { packageRoot } from '../package-root.ts'
import { HELPERS, isOfPackage, readUserSource, transformed } from './transform.ts'

/**
 * A part of Node's CommonJS loader without a public interface: every tool that loads programs uses
 * it.
 */
interface CommonJsLoader {
  _resolveFilename(request: string, ...rest: unknown[]): string
  readonly _extensions: Record<string, (module: Compilable, file: string) => void>
}

interface Compilable {
  _compile(code: string, file: string): void
}

const loader = Module as unknown as CommonJsLoader
const { cache } = createRequire(import.meta.url)
/** Files that are gone from the cache where they failed. */
const compiled = new Set<string>()

/** `entries` map the names of this package in imports to the files' URLs. Call once per thread. */
export function installCommonJs(entries: Readonly<Record<string, string>>): void {
  const resolveFilename = loader._resolveFilename
  const here = fileURLToPath(packageRoot)
  loader._resolveFilename = (request, ...rest) => {
    const own = entries[request]
    if (own !== undefined) return fileURLToPath(own)
    if (!request.startsWith(HELPERS)) return resolveFilename.call(loader, request, ...rest)
    return resolveFilename.call(loader, request, null, false, { paths: [here] })
  }
  for (const extension of ['.ts', '.cts', '.cjs']) loader._extensions[extension] = compile
}

/** Forgets the modules required since `before` was made, so that the next run loads them again. */
export function forgetRequired(before: ReadonlySet<string>): void {
  compiled.clear()
  for (const file of Object.keys(cache)) if (!before.has(file)) delete cache[file]
}

export function requiredFiles(): ReadonlySet<string> {
  return new Set(Object.keys(cache))
}

/** The user's files that were required since `before` was made, also those that then failed to load. */
export function requiredSince(before: ReadonlySet<string>): string[] {
  return [...Object.keys(cache), ...compiled].filter(
    (file) => !(before.has(file) || isOfPackage(file)),
  )
}

function compile(module: Compilable, file: string): void {
  compiled.add(file)
  const source = isOfPackage(file) ? undefined : readUserSource(file)
  if (source?.isForeign !== true) loader._extensions['.js']?.(module, file)
  else if (source.isModule) throw new Error(`${file} is ESM and cannot be required: import it`)
  else module._compile(transformed(source), file)
}
