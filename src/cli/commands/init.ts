/** `dmabuf init`: a first pipeline with its test, as files that are the user's from then on. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { messageOf } from '../../run/thrown.ts'
import { makeFolder } from '../folder.ts'
import { packageRoot } from '../package-root.ts'
import { UsageError } from '../usage-error.ts'
import { neededCommands, newManifest } from './init-manifest.ts'

/** Files of the package's folder `examples/start`. */
const PROGRAMS = ['pipeline.ts', 'pipeline.test.ts'] as const

/** Node before 24 cannot parse `using`, which vitest leaves as it is without this. */
const VITEST_CONFIG = `export default {
  // Node parses \`using\` from version 24 on.
  oxc: { target: 'es2022' },
}
`
const VITEST_CONFIGS = /^vite(?:st)?\.config\.[cm]?[jt]s$/

const TS_CONFIG = {
  compilerOptions: {
    target: 'ES2022',
    lib: ['ESNext'],
    module: 'NodeNext',
    strict: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    skipLibCheck: true,
  },
}

/**
 * Writes the programs into `folder`, and beside them each file of the project that is not there yet. Returns
 * the text for the user. Throws a UsageError, with nothing written, where a program is there already.
 */
export function init(folder: string): string {
  const path = resolve(folder)
  const names = namesIn(path)
  const taken = PROGRAMS.find((name) => names.includes(name))
  if (taken !== undefined) {
    throw new UsageError(
      `${join(folder, taken)} exists already, and init overwrites no file`,
      'Choose another folder: `dmabuf init DIR`.',
    )
  }
  const files: Record<string, string> = {}
  for (const name of PROGRAMS) {
    files[name] = readFileSync(new URL(`examples/start/${name}`, packageRoot), 'utf8')
  }
  const hasManifest = names.includes('package.json')
  const commands = hasManifest ? neededCommands(join(path, 'package.json')) : ['npm install']
  if (!hasManifest) files['package.json'] = jsonText(newManifest(path))
  if (!names.includes('tsconfig.json')) files['tsconfig.json'] = jsonText(TS_CONFIG)
  if (!names.some((name) => VITEST_CONFIGS.test(name))) files['vitest.config.ts'] = VITEST_CONFIG
  writeAll(path, files)
  return initText(folder, Object.keys(files), commands)
}

function initText(folder: string, names: readonly string[], commands: readonly string[]): string {
  const steps = [
    ...(resolve(folder) === process.cwd() ? [] : [`cd ${folder}`]),
    ...commands,
    'npx dmabuf pipeline.ts',
    'npx vitest run',
  ]
  return [
    ...names.map((name) => `wrote ${join(folder, name)}`),
    'next:',
    ...steps.map((step) => `  ${step}`),
    '',
  ].join('\n')
}

function namesIn(path: string): string[] {
  return attempt(path, () => (existsSync(path) ? readdirSync(path) : []))
}

/** A file that another command has made meanwhile is not overwritten either. */
function writeAll(path: string, files: Readonly<Record<string, string>>): void {
  attempt(path, () => makeFolder(path))
  for (const [name, text] of Object.entries(files)) {
    const file = join(path, name)
    attempt(file, () => writeFileSync(file, text, { flag: 'wx' }))
  }
}

function attempt<T>(path: string, body: () => T): T {
  try {
    return body()
  } catch (error) {
    throw new UsageError(
      `cannot write to ${path}: ${messageOf(error)}`,
      'Choose another folder: `dmabuf init DIR`.',
    )
  }
}

function jsonText(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
