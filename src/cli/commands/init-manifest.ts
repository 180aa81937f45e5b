/** The package.json of a project that `dmabuf init` begins. */
import { readFileSync } from 'node:fs'
import { dirname, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { messageOf } from '../../run/thrown.ts'
import { packageRoot, readManifest } from '../package-root.ts'
import { UsageError } from '../usage-error.ts'

type Names = Readonly<Record<string, string>>

const SCRIPTS: Names = { start: 'dmabuf run pipeline.ts', test: 'vitest run' }
/** The file that `npm init` writes. */
const NO_TEST = /no test specified/

export function newManifest(path: string): object {
  return { private: true, type: 'module', scripts: SCRIPTS, devDependencies: dependencies(path) }
}

/**
 * The npm commands that add the needs of the programs to the user's package.json. Throws a
 * UsageError if it cannot be read.
 */
export function neededCommands(file: string): string[] {
  const manifest = manifestIn(file)
  const known = { ...manifest.dependencies, ...manifest.devDependencies }
  const wanted = Object.entries(dependencies(dirname(file)))
  const missing = wanted
    .filter(([name]) => known[name] === undefined)
    .map(([name, version]) =>
      version.startsWith('file:') ? version.slice(5) : `${name}@${version}`,
    )
  const scripts = Object.entries(SCRIPTS)
    .filter(([name]) => NO_TEST.test(manifest.scripts?.[name] ?? 'no test specified'))
    .map(([name, command]) => `scripts.${name}="${command}"`)
  return [
    ...(missing.length === 0 ? [] : [`npm install --save-dev ${missing.map(quoted).join(' ')}`]),
    ...(scripts.length === 0 ? [] : [`npm pkg set ${scripts.join(' ')}`]),
  ]
}

interface Manifest {
  readonly scripts?: Names
  readonly dependencies?: Names
  readonly devDependencies?: Names
}

function manifestIn(file: string): Manifest {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'))
    if (typeof value === 'object' && value !== null) return value
    throw new Error('it holds no object')
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${messageOf(error)}`)
  }
}

/** This package as it is found from `path`, and the vitest that it is tested with. */
function dependencies(path: string): { readonly dmabuf: string; readonly vitest: string } {
  const { version, devDependencies } = readManifest()
  const root = fileURLToPath(packageRoot)
  const isInstalled = /[\\/]node_modules[\\/]/.test(root)
  const clone = relative(path, root).replaceAll('\\', '/')
  return {
    dmabuf: isInstalled ? `^${version}` : `file:${clone === '' ? '.' : clone}`,
    vitest: `^${devDependencies.vitest}`,
  }
}

function quoted(word: string): string {
  return /^[\w@^./~-]+$/.test(word) ? word : `"${word}"`
}
