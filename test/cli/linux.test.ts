/** `dmabuf run --kernel linux`: the program on the kernel of this machine. */
import { readFileSync } from 'node:fs'
import { release } from 'node:os'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { skipped, whyNot } from '../linux/here.ts'
import { dmabuf, folderWith, root } from './command.ts'

/** A program of which the kernel needs nothing but memfds. */
function program(...body: string[]): string {
  return [
    "import { DmaHeap, type Kernel, Memfd } from 'dmabuf'",
    'export default async (kernel: Kernel): Promise<void> => {',
    "  const make = () => Memfd.create(kernel, 'picture', 4096, { seals: ['shrink'] })",
    ...body.map((line) => `  ${line}`),
    '}',
    '',
  ].join('\n')
}
/** The line of `body[0]` in `program`. */
const FIRST = 4

const clean = program('using memory = make()', 'using map = memory.map()', 'map.fill(7)')
/** Stands for a module that is not installed, in every thread. */
const withoutKoffi = `
const { Module } = require('node:module')
const load = Module._load
Module._load = (name, ...rest) => {
  if (name === 'koffi') throw new Error("Cannot find module 'koffi'")
  return load(name, ...rest)
}
`
const folder = folderWith({
  'clean.ts': clean,
  'leak.ts': program('make().map().bytes.fill(7)', 'void DmaHeap'),
  'twice.ts': program(
    'const fd = make().release()',
    'kernel.sys.close(fd)',
    'kernel.sys.close(fd)',
  ),
  'heap.ts': program("DmaHeap.open(kernel, 'nowhere')"),
  'waits.ts': program('await kernel.sys.poll([{ fd: -1, events: 1, revents: 0 }], -1)'),
  'exits.ts': program(
    'void kernel.sys.poll([{ fd: -1, events: 1, revents: 0 }], -1)',
    'process.exit(0)',
  ),
  'boards.ts': `export const boards = []\n${clean}`,
  'own-board.ts': `import { pc } from 'dmabuf/sim'\nexport const boards = [{ ...pc, name: 'mine' }]\n${clean}`,
  'prepare.ts': `export const prepare = () => {}\n${clean}`,
  'drivers.ts': `export const drivers = [{ name: 'mine', probe() {} }]\n${clean}`,
  'no-koffi.cjs': withoutKoffi,
  'mars.cjs': "Object.defineProperty(process, 'platform', { value: 'mars' })\n",
})

const schema: object = JSON.parse(readFileSync(join(root, 'schema/report-v1.json'), 'utf8'))
const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(schema)

const onLinux = (file: string, ...words: string[]): string[] => [
  ...['run', file, '--kernel', 'linux'],
  ...words,
]

describe.skipIf(whyNot() !== undefined).concurrent(`dmabuf run --kernel linux${skipped}`, () => {
  it.each([['direct'], ['copy']])('is one clean run, with memory %s', async (memory) => {
    const { code, stdout } = await dmabuf(folder, onLinux('clean.ts', '--memory', memory))
    expect(stdout).toMatch(/^board +kernel +memory +verdict +findings +calls +time$/m)
    expect(stdout).toMatch(new RegExp(`^linux +${release()} +${memory} +clean +0 +\\d+ `, 'm'))
    expect(stdout).toMatch(/^not checked on linux: .*sync-is-noop/m)
    expect(stdout).toMatch(/^checked in part on linux: read-outside-bracket/m)
    expect(stdout).toContain('clean: no findings in 1 run, judged by its calls only')
    expect(code).toBe(0)
  })

  it('names what was forgotten, with its line, once', async () => {
    const { code, stdout, stderr } = await dmabuf(folder, onLinux('leak.ts'))
    expect(stdout).toMatch(/warning\[fd-leak\]/)
    expect(stdout).toMatch(/warning\[map-leak\]/)
    expect(stdout).toContain(`leak.ts:${FIRST}:`)
    expect(stdout).toContain('seen on:   linux')
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
  })

  it('names the second of two closes', async () => {
    const { code, stdout } = await dmabuf(folder, onLinux('twice.ts'))
    expect(stdout).toMatch(new RegExp(`error\\[fd-misuse\\].*\\n  --> twice.ts:${FIRST + 2}:`))
    expect(code).toBe(1)
  })

  it('gives the same report to other programs', async () => {
    const { code, stdout } = await dmabuf(folder, onLinux('leak.ts', '--json'))
    const report = JSON.parse(stdout)
    expect(validate(report) ? [] : validate.errors).toEqual([])
    expect(report).toMatchObject({
      verdict: 'findings',
      runs: [
        {
          ...{ board: 'linux', judgedAs: 'linux', policy: 'none', seed: 0 },
          kernel: { release: release(), memory: 'direct' },
          findings: [
            { rule: 'fd-leak', file: 'leak.ts', line: FIRST - 1 },
            { rule: 'map-leak', file: 'leak.ts', line: FIRST },
          ],
        },
      ],
    })
    expect(code).toBe(1)
  })

  it('has failed where a node is missing, with its path', async () => {
    const { code, stdout } = await dmabuf(folder, onLinux('heap.ts'))
    expect(stdout).toMatch(/ENOENT.*\/dev\/dma_heap\/nowhere/)
    expect(stdout).toContain(`heap.ts:${FIRST}:`)
    expect(code).toBe(2)
  })

  it.each(['waits.ts', 'exits.ts'])('is ended from outside while it waits: %s', async (file) => {
    const { code, stdout } = await dmabuf(folder, onLinux(file, '--timeout', '4'))
    expect(stdout).toMatch(/did not end within 4 s|called process\.exit\(0\)/)
    expect(code).toBe(2)
  })

  it('says that boards of the file play no part', async () => {
    const { code, stdout } = await dmabuf(folder, onLinux('own-board.ts'))
    expect(stdout).toContain("note[linux] the file's boards are simulated")
    expect(code).toBe(0)
    const none = await dmabuf(folder, onLinux('boards.ts'))
    expect(none.stdout).not.toContain('note[linux]')
  })

  it.each(['prepare', 'drivers'])('refuses a file that exports %s', async (name) => {
    const { code, stdout, stderr } = await dmabuf(folder, onLinux(`${name}.ts`))
    expect(stderr).toContain(`the file exports '${name}', which only a simulated kernel supports`)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })

  it.each([
    ['no-koffi.cjs', 'npm install koffi'],
    ['mars.cjs', 'mars has no Linux kernel to call'],
  ])('says what to do where the kernel cannot be called: %s', async (hook, text) => {
    const env = { NODE_OPTIONS: `--require=${join(folder, hook)}` }
    const { code, stdout, stderr } = await dmabuf(folder, onLinux('clean.ts'), env)
    expect(stderr).toContain(text)
    expect(stderr).not.toContain('    at ')
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })
})

describe.concurrent('options that go with one kernel alone', () => {
  it.each([
    [['--board', 'pc']],
    [['--as', 'pc']],
    [['--policy', 'lazy']],
    [['--seed', '3']],
    [['--views', 'raw']],
    [['--out', 'out']],
    [['--input', 'gone.y4m']],
  ])('%j is refused with --kernel linux', async (words) => {
    const { code, stdout, stderr } = await dmabuf(folder, onLinux('clean.ts', ...words))
    expect(stderr).toContain(`${words[0]} only applies to simulated boards`)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })

  it.each([
    [['--memory', 'copy'], '--memory only applies with --kernel linux'],
    [['--kernel', 'lunix'], "Did you mean 'linux'?"],
    [['--kernel', 'linux', '--memory', 'swap'], 'direct, copy'],
  ])('%j says what is wrong', async (words, text) => {
    const { code, stdout, stderr } = await dmabuf(folder, ['run', 'clean.ts', ...words])
    expect(stderr).toContain(text)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })
})

describe('the rest of the command', () => {
  it('does not load what calls the kernel', async () => {
    const env = { NODE_OPTIONS: `--require=${join(folder, 'no-koffi.cjs')}` }
    const words = ['run', 'clean.ts', '--board', 'pc', '--policy', 'lazy']
    const { code } = await dmabuf(folder, words, env)
    expect(code).toBe(0)
  })
})
