import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createContext, runInContext } from 'node:vm'
import { build } from 'esbuild'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const work = mkdtempSync(join(tmpdir(), 'dmabuf-tarball-'))
const installed = join(work, 'installed')
const alone = join(work, 'alone')
let tarball = ''

/** Runs a command and returns its output; fails with all of it. */
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
/** The imports of programs: every door of the package but files of data. */
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

  it('keeps the names of its classes in logs and stacks', () => {
    const code = `
import { DmaBuf, DmaHeap, Frame } from 'dmabuf'
console.log(DmaBuf.name, DmaHeap.name, Frame.name)
try { DmaHeap.open() } catch ({ stack }) { console.log(/_DmaHeap/.test(stack)) }`
    const out = run(installed, process.execPath, '--input-type=module', '-e', code)
    expect(out).toBe('DmaBuf DmaHeap Frame\nfalse\n')
  })

  it('runs the command', () => {
    expect(run(installed, 'npx', '--no-install', 'dmabuf', '--help')).toMatch(/Usage: dmabuf/)
  })

  it('writes a first pipeline whose program and test run', () => {
    const start = join(installed, 'start')
    run(installed, 'npx', '--no-install', 'dmabuf', 'init', 'start')
    // In place of `npm install`, which would need the registry.
    symlinkSync(
      join(root, 'node_modules/vitest'),
      join(installed, 'node_modules/vitest'),
      'junction',
    )
    expect(run(start, 'npx', '--no-install', 'dmabuf', 'pipeline.ts')).toContain(
      'clean: no findings',
    )
    const vitest = join(installed, 'node_modules/vitest/vitest.mjs')
    expect(run(start, process.execPath, vitest, 'run')).toMatch(/Tests .*1 passed/)
  }, 60_000)

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

/** A program that uses every door of the package, with `using`, and a matcher without a test runner. */
const typedProgram = `
import { DmaHeap, DrmDevice, type Kernel, type PixelFormat, VideoDevice } from 'dmabuf'
import * as abi from 'dmabuf/abi'
import { assertClean, type ReportJson, reportJson } from 'dmabuf/check'
import type { DriverContext } from 'dmabuf/driver'
import type { LinuxKernel } from 'dmabuf/linux'
import { type RunAllResult, runAll } from 'dmabuf/sim'
import 'dmabuf/test'

const format: PixelFormat = 'XR24'
async function program(kernel: Kernel): Promise<void> {
  await using camera = await VideoDevice.open(kernel)
  await using display = await DrmDevice.open(kernel)
  using heap = DmaHeap.open(kernel)
  const { sizeImage } = await camera.setFormat({ width: 64, height: 32, format })
  await camera.start(await heap.allocateBuffers(4, sizeImage))
  for await (const frame of camera.frames({ count: 2 })) {
    await frame.buffer.withCpuAccess('write', (bytes) => {
      const plain: Uint8Array = bytes.fill(1)
      return plain.length
    })
    await display.show(frame)
    await frame.close()
  }
}
export async function main(): Promise<ReportJson> {
  const result: RunAllResult = await runAll(program)
  assertClean(result)
  return reportJson('program.ts', result.runs)
}
export type Used = [DriverContext, LinuxKernel, typeof abi.errno]
export const matcher = (expected: jest.Matchers<void, unknown>): void => expected.toBeClean()
`

const options = {
  target: 'ES2022',
  module: 'NodeNext',
  moduleResolution: 'NodeNext',
  strict: true,
  noEmit: true,
  skipLibCheck: false,
  types: [],
}

/** The oldest TypeScript with `using`, the last one before \`Uint8Array\` became generic, and ours. */
const compilers = ['5.2.2', '5.6.3', 'installed'] as const

describe.each(compilers)('its declarations with TypeScript %s', (version) => {
  const compiler = version === 'installed' ? root : join(work, `typescript-${version}`)

  beforeAll(() => {
    if (version === 'installed') return
    newPackage(compiler)
    const install = ['install', '--prefer-offline', '--no-audit', '--no-fund']
    run(compiler, 'npm', ...install, `typescript@${version}`)
  }, 120_000)

  it.each([
    ['neither DOM nor Node types', ['ES2022']],
    ['the DOM', ['ES2022', 'DOM']],
    ['everything new', ['ESNext', 'DOM']],
  ])(
    'are complete in a program with %s',
    (_, lib) => {
      writeFileSync(join(alone, 'program.ts'), typedProgram)
      const config = { compilerOptions: { ...options, lib }, files: ['program.ts'] }
      writeFileSync(join(alone, 'tsconfig.json'), JSON.stringify(config))
      const tsc = join(compiler, 'node_modules/typescript/bin/tsc')
      expect(run(alone, process.execPath, tsc, '-p', '.')).toBe('')
    },
    60_000,
  )
})

describe('its bundle in a browser without Symbol.dispose and Symbol.asyncDispose', () => {
  const program = `
    import { DmaHeap, DrmDevice, VideoDevice } from 'dmabuf'
    import { runAll } from 'dmabuf/sim'

    export const run = () => runAll(async (kernel) => {
      await using camera = await VideoDevice.open(kernel)
      await using display = await DrmDevice.open(kernel)
      using heap = DmaHeap.open(kernel)
      const format = await camera.setFormat({ width: 64, height: 32, format: 'XR24' })
      await camera.start(await heap.allocateBuffers(4, format.sizeImage))
      for await (await using frame of camera.frames({ count: 3 })) await display.show(frame)
    }, { policies: ['lazy'] })
    export const names = () => ['dispose', 'asyncDispose'].map((name) => typeof Symbol[name])
  `

  /** The program, bundled for browsers with the packed package, as the global `page`. */
  async function bundled(contents: string): Promise<string> {
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: alone, loader: 'ts' },
      ...{ bundle: true, write: false, format: 'iife', globalName: 'page', target: 'es2022' },
    })
    return outputFiles[0]?.text ?? ''
  }

  /** A context whose \`Symbol\` lacks the two names, also where the host has them. */
  function olderContext(): object {
    const context = createContext({
      ...{ console, structuredClone, setTimeout, clearTimeout, queueMicrotask, MessageChannel },
      ...{ TextEncoder, TextDecoder, URL, AbortController, AbortSignal, performance },
    })
    runInContext(
      `{
        const native = Symbol
        const older = (text) => native(text)
        for (const key of Reflect.ownKeys(native)) {
          if (['dispose', 'asyncDispose', 'name', 'length'].includes(key)) continue
          Object.defineProperty(older, key, Object.getOwnPropertyDescriptor(native, key))
        }
        globalThis.Symbol = older
      }`,
      context,
    )
    return context
  }

  it('disposes what `using` declares, and releases everything', async () => {
    const text = await bundled(program)
    const context = olderContext()
    expect(runInContext('typeof Symbol.asyncDispose', context)).toBe('undefined')
    const page = runInContext(`${text}\n;page`, context) as {
      run(): Promise<{ verdict: string; findings: unknown[]; error?: unknown }>
      names(): string[]
    }
    expect(page.names()).toEqual(['symbol', 'symbol'])
    const { verdict, findings, error } = await page.run()
    expect({ verdict, findings: [...findings], error }).toEqual({ verdict: 'clean', findings: [] })
  }, 30_000)

  it('leaves the symbols of a host that has them as they are', async () => {
    const text = await bundled("export * from 'dmabuf'")
    const context = olderContext()
    const kept = `Object.defineProperty(Symbol, 'dispose', { value: Symbol('mine') })
      const before = Symbol.dispose
      ${text}
      Symbol.dispose === before`
    expect(runInContext(kept, context)).toBe(true)
  })
})
