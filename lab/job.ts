import { execFileSync } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { type BuildOptions, build } from 'esbuild'
import { need } from './command.ts'
import { repository } from './places.ts'

/** The one package with a binary: it cannot be bundled and is copied. */
const binaryPackages = ['koffi', '@koromix/koffi-linux-x64']

/**
 * Fills the folder that the guest copies to `/job` with files that can run there:
 * `.c` compiled and linked statically, JavaScript and TypeScript bundled with all they import
 * into `NAME.mjs`, anything else as it is.
 */
export class Job {
  constructor(readonly folder: string) {
    mkdirSync(folder)
    for (const name of binaryPackages) {
      const from = join(repository, 'node_modules', name)
      if (existsSync(from)) cpSync(from, join(folder, 'node_modules', name), { recursive: true })
    }
  }

  /** Returns the words that run the file in the guest. */
  async place(file: string): Promise<string[]> {
    const name = basename(file, extname(file))
    switch (extname(file)) {
      case '.c':
        need('cc', 'install the package gcc')
        execFileSync('cc', ['-O2', '-Wall', '-static', file, '-o', join(this.folder, name)])
        return [`./${name}`]
      case '.ts':
      case '.mts':
      case '.js':
      case '.mjs':
        await this.#bundle({ entryPoints: [file] }, name)
        return node(`${name}.mjs`)
      default:
        copyFileSync(file, join(this.folder, basename(file)))
        return [`./${basename(file)}`]
    }
  }

  /** Test files for `node:test`, all in one process: node takes seconds to start there. */
  async placeTests(files: string[]): Promise<string[]> {
    const running = join(repository, 'lab/guest/running.ts')
    const contents = [running, ...files].map((file) => `import ${JSON.stringify(file)}\n`).join('')
    await this.#bundle({ stdin: { contents, resolveDir: repository } }, 'tests')
    await this.#bundle({ entryPoints: [join(repository, 'lab/guest/reporter.ts')] }, 'reporter')
    return node(
      '--test-reporter=spec',
      '--test-reporter-destination=stdout',
      '--test-reporter=./reporter.mjs',
      '--test-reporter-destination=stderr',
      'tests.mjs',
    )
  }

  /** The guest's program, in the folder itself. */
  run(command: string[], environment: Record<string, string>): void {
    const lines = Object.entries(environment).map(
      ([name, value]) => `export ${name}=${quoted(value)}\n`,
    )
    const script = `${lines.join('')}exec ${command.map(quoted).join(' ')}\n`
    writeFileSync(join(this.folder, 'run'), script)
  }

  async #bundle(entry: BuildOptions, name: string): Promise<void> {
    await build({
      ...entry,
      outfile: join(this.folder, `${name}.mjs`),
      bundle: true,
      platform: 'node',
      format: 'esm',
      // Node 20 cannot parse `using`.
      target: 'es2022',
      // This package says of itself that importing its files does nothing; test files do.
      ignoreAnnotations: true,
      sourcemap: 'inline',
      external: binaryPackages,
      tsconfig: join(repository, 'tsconfig.test.json'),
      logLevel: 'warning',
    })
  }
}

function node(...words: string[]): string[] {
  return ['node', '--expose-gc', '--enable-source-maps', ...words]
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}
