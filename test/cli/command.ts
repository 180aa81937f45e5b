import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, vi } from 'vitest'

export const root = join(import.meta.dirname, '../..')
export const entry = join(root, 'dist/cli/main.js')

// Six worker threads take their time where other tests run beside them.
vi.setConfig({ testTimeout: 60_000 })

export interface Result {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A folder outside any project, with these files; it is gone after the tests of the file. */
export function folderWith(files: Record<string, string | Uint8Array>): string {
  const folder = mkdtempSync(join(tmpdir(), 'dmabuf-cli-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  return folder
}

/** Runs the built command as a person in `cwd` would, without colours unless `env` wants some. */
export async function dmabuf(
  cwd: string,
  words: readonly string[],
  env: Record<string, string> = {},
): Promise<Result> {
  ensureBuilt()
  const child = spawn(process.execPath, [entry, ...words], {
    cwd,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const text = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (part: string) => {
      text[name] += part
    })
  }
  return await new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code) => {
      // Lines about progress come when a machine is slow.
      const stderr = text.stderr.replace(/^running on .*\n/gm, '')
      resolve({ code, stdout: text.stdout, stderr })
    })
  })
}

/** One run is enough where boards and policies make no difference. */
export const once: readonly string[] = ['--board', 'arm-soc', '--policy', 'lazy']

let built = false
/** `npm test` builds before it tests; a test file that is run alone may find an old build. */
export function ensureBuilt(): void {
  if (built) return
  built = true
  const sources = join(root, 'src')
  const newest = Math.max(
    ...readdirSync(sources, { recursive: true, encoding: 'utf8' })
      .map((name) => statSync(join(sources, name)))
      .filter((stat) => stat.isFile())
      .map((stat) => stat.mtimeMs),
  )
  const own = statSync(entry, { throwIfNoEntry: false })
  if (own !== undefined && own.mtimeMs > newest) return
  const result = spawnSync('npm', ['run', 'build'], { cwd: root, encoding: 'utf8' })
  if (result.status !== 0) throw new Error(`the build fails:\n${result.stdout}${result.stderr}`)
}
