/** Programs that speak for the command, break its input, or print control characters. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { dmabuf, folderWith, once } from './command.ts'
import { program } from './programs.ts'

const worker = "import threads, { parentPort, workerData } from 'node:worker_threads'\n"
const forged = "{ kind: 'record', record: { findings: [], verdict: 'clean' } }"

const folder = folderWith({
  'posts.ts':
    worker +
    program(
      'for (const message of [null, 5, "x", {}, { kind: "done", isReusable: true }]) {',
      '  (parentPort as any).postMessage(message)',
      '}',
      `(parentPort as any).postMessage(${forged})`,
      'const data = [workerData, threads.workerData]',
      'console.log(data.every((one) => one === undefined) ? "no data" : "data")',
      'throw new Error("the truth")',
    ),
  'closes-port.ts': worker + program('(parentPort as any).close()'),
  'never-settles.ts': 'await new Promise(() => {})\nexport default () => {}\n',
  'exits-at-top.ts': 'process.exit(3)\nexport default () => {}\n',
  'throws-object.ts': 'throw Object.create(null)\n',
  'odd-stack.ts': "throw Object.assign(new Error('odd'), { stack: 7 })\n",
  'escapes.ts': program(
    "throw new Error('\\x1b[2J\\x1b]0;title\\x07\\u009b1m\\u202e' + 'x'.repeat(1e6))",
  ),
  'rejects-odd.ts': program(
    'void Promise.reject(Object.create(null))',
    'await new Promise(() => {})',
  ),
  'prints.ts': program("console.log('to stdout')", "console.error('to stderr')"),
  'prints-much.ts': program(
    "for (let i = 0; i < 20_000; i++) console.log(String(i).padStart(8, '0'))",
    "console.log('the end')",
  ),
  'evil-board.ts': `import { pc } from 'dmabuf/sim'
export const boards = [{ ...pc, name: '../../x' }]
export default () => {}
`,
  'twice.ts': `import { pc } from 'dmabuf/sim'
export const boards = [{ ...pc, name: 'mine' }, { ...pc, name: 'mine' }]
export default () => {}
`,
  'named-all.ts': `import { pc } from 'dmabuf/sim'
export const boards = [{ ...pc, name: 'all' }]
export default () => {}
`,
  'ready-name.ts': `import { pc } from 'dmabuf/sim'
export const boards = [{ ...pc }]
export default () => {}
`,
  'prepare.ts': 'export const prepare = 5\nexport default () => {}\n',
})

describe.concurrent('a program cannot speak for the command', () => {
  it('by posting what a worker posts', async () => {
    const { code, stdout } = await dmabuf(folder, ['run', 'posts.ts', ...once])
    expect(stdout).toContain('no data')
    expect(stdout).toContain('the program threw: the truth')
    expect(code).toBe(2)
  })

  it('and ends no command by closing the port', async () => {
    const words = ['run', 'closes-port.ts', '--board', 'arm-soc', '--policy', 'lazy,eager,random']
    const { code, stdout } = await dmabuf(folder, words)
    expect(stdout).toContain('clean: no findings in 3 runs')
    expect(code).toBe(0)
  })
})

describe.concurrent('how a program ended', () => {
  it.each([
    ['never-settles.ts', 'stdout', 'awaits a promise that nothing will settle'],
    ['exits-at-top.ts', 'stdout', 'called process.exit(3)'],
    ['throws-object.ts', 'stderr', 'a value without a message (object)'],
    ['odd-stack.ts', 'stderr', 'Error: odd'],
    ['rejects-odd.ts', 'stdout', 'a value without a message (object)'],
  ] as const)('%s is reported as it was', async (file, stream, text) => {
    const result = await dmabuf(folder, ['run', file, ...once])
    expect(result[stream]).toContain(text)
    expect(result.code).toBe(2)
  })

  it('is shown without what would move a terminal, and not at any length', async () => {
    const { stdout } = await dmabuf(folder, ['run', 'escapes.ts', ...once])
    expect(stdout).toContain('\\x1b[2J\\x1b]0;title\\x07\\x9b1m\\u202exxx')
    expect(stdout).toMatch(/ \(and \d+ more characters\)$/m)
    expect(stdout.length).toBeLessThan(10_000)
  })
})

describe.concurrent('what a program prints', () => {
  it('stays on its stream', async () => {
    const { stdout, stderr } = await dmabuf(folder, ['run', 'prints.ts', ...once])
    expect(stdout).toContain('to stdout\n')
    expect(stdout).not.toContain('to stderr')
    expect(stderr).toBe('the program printed on arm-soc:\nto stderr\n')
  })

  it('is kept to its end where it is long', async () => {
    const { stdout } = await dmabuf(folder, ['run', 'prints-much.ts', ...once])
    expect(stdout).toMatch(/\(the first \d+ characters are left out\)\n/)
    expect(stdout).toContain('00019999\nthe end\n')
    expect(stdout).not.toContain('00000001\n')
  })
})

describe.concurrent('a file that exports what cannot be', () => {
  it.each([
    ['evil-board.ts', 'a board cannot be named "../../x"'],
    ['twice.ts', "two boards named 'mine'"],
    ['ready-name.ts', "two boards named 'pc'"],
    ['named-all.ts', "a board cannot be named 'all'"],
    ['prepare.ts', "the export 'prepare' must be a function (its type is number)"],
  ])('%s is refused before anything is written', async (file, text) => {
    const out = `out-${file}/in`
    const { code, stdout, stderr } = await dmabuf(folder, ['run', file, '--out', out])
    expect(stderr).toContain(text)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(existsSync(join(folder, `out-${file}`))).toBe(false)
  })
})
