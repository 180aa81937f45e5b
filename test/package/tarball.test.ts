import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const work = mkdtempSync(join(tmpdir(), 'dmabuf-tarball-'))
const installed = join(work, 'installed')
const alone = join(work, 'alone')
let tarball = ''

/** Runs a command and returns what it printed; fails with all of its output. */
function run(cwd: string, command: string, ...args: string[]): string {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([key]) => !/^(npm_|NODE_OPTIONS$|VITEST|NODE_ENV$)/.test(key),
    ),
  )
  const result = spawnSync(command, args, { cwd, env, encoding: 'utf8' })
  if (result.status !== 0) {
    const why = result.error?.message ?? `exit ${result.status}`
    throw new Error(`${command} ${args.join(' ')}: ${why}\n${result.stdout}\n${result.stderr}`)
  }
  return result.stdout
}

function newPackage(folder: string): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
}

const manifest: { exports: object } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
/** What programs import: every door of the package but files of data. */
const doors = Object.keys(manifest.exports)
  .filter((door) => !door.endsWith('.json'))
  .map((door) => door.replace('.', 'dmabuf'))
const everyDoor = JSON.stringify(doors)
const allTrue = `${JSON.stringify(doors.map(() => true))}\n`
const importAll = `
const all = await Promise.all(${everyDoor}.map((name) => import(name)))
console.log(JSON.stringify(all.map((module) => Object.keys(module).length > 0)))
`

beforeAll(() => {
  run(root, 'npm', 'run', 'build')
  // dist was built on the line above; without --ignore-scripts it would be deleted and built again.
  run(root, 'npm', 'pack', '--ignore-scripts', '--silent', '--pack-destination', work)
  const name = readdirSync(work).find((file) => file.endsWith('.tgz'))
  if (name === undefined) throw new Error('npm pack wrote no tarball')
  tarball = join(work, name)

  newPackage(installed)
  run(installed, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', tarball)

  newPackage(alone)
  mkdirSync(join(alone, 'node_modules', 'dmabuf'), { recursive: true })
  run(alone, 'tar', '-xzf', tarball, '--strip-components=1', '-C', 'node_modules/dmabuf')
}, 180_000)
afterAll(() => rmSync(work, { recursive: true, force: true }))

describe('the packed package', () => {
  it('holds what the manifest promises and no build leftovers', () => {
    const files = readdirSync(join(alone, 'node_modules/dmabuf'), {
      recursive: true,
      encoding: 'utf8',
    })
    expect(files).toContain('schema/report-v1.json')
    expect(files).toContain('LICENSE')
    expect(files).toContain('README.md')
    expect(files.filter((file) => /tsbuildinfo|^src\b|^test\b/.test(file))).toEqual([])
  })

  it('gives its entry points to an installed program', () => {
    expect(run(installed, process.execPath, '--input-type=module', '-e', importAll)).toBe(allTrue)
  })

  it('gives them to require() as well', () => {
    const code = `console.log(${everyDoor}.map((n) => typeof require(n)).join())`
    const out = run(
      installed,
      process.execPath,
      '--no-warnings',
      '--input-type=commonjs',
      '-e',
      code,
    )
    expect(out).toBe(`${doors.map(() => 'object').join()}\n`)
  })

  it('runs the command', () => {
    expect(run(installed, 'npx', '--no-install', 'dmabuf', '--help')).toMatch(/Usage: dmabuf/)
  })

  it('loads none of its dependencies from its entry points', () => {
    expect(existsSync(join(alone, 'node_modules/commander'))).toBe(false)
    expect(run(alone, process.execPath, '--input-type=module', '-e', importAll)).toBe(allTrue)
  })

  it('says how to get the library that the real kernel needs, where it is missing', () => {
    const code = `
import { openLinux } from 'dmabuf/linux'
try { openLinux() } catch (error) { console.log(error.message) }`
    const said = run(alone, process.execPath, '--input-type=module', '-e', code)
    const expected = process.platform === 'linux' ? /npm install koffi/ : /no Linux kernel/
    expect(said).toMatch(expected)
  })

  it('exports the report schema', () => {
    const path = join(alone, 'node_modules/dmabuf/schema/report-v1.json')
    expect(JSON.parse(readFileSync(path, 'utf8'))).toBeTypeOf('object')
  })

  it('passes publint', async () => {
    const { messages, pkg } = await publint({
      pkgDir: join(alone, 'node_modules/dmabuf'),
      pack: false,
      level: 'warning',
      strict: true,
    })
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([])
  })

  it('has types that resolve as its code does', () => {
    const attw = join(root, 'node_modules/.bin/attw')
    // esm-only: require() of it works from Node 20.19 on, which the tool does not know yet.
    const out = run(work, attw, tarball, '--profile', 'esm-only', '--no-emoji', '--no-color')
    expect(out.match(/node16 \(from ESM\): OK \(ESM\)/g)).toHaveLength(doors.length)
  }, 60_000)
})
