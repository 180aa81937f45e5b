/** `using` in programs, on every Node: the transformer's lowering has JavaScript's semantics. */
import { describe, expect, it } from 'vitest'
import { dmabuf, folderWith, once } from './command.ts'
import { program } from './programs.ts'

const resource = (name: string): string =>
  `{ [Symbol.dispose]() { said.push('${name}') }, async [Symbol.asyncDispose]() { said.push('${name}') } }`

/** A program that prints its messages in one line. */
const saying = (...body: string[]): string =>
  program('const said: string[] = []', ...body, "console.log('said', said.join(' '))")

const folder = folderWith({
  'in-loop.ts': saying(
    'using heap = DmaHeap.open(kernel)',
    'for (const size of [0, 4096, 8192]) {',
    '  try {',
    '    using buffer = await heap.allocate(size)',
    "    await buffer.withCpuAccess('write', (bytes) => {",
    "      if (bytes.length === 4096) throw new Error('4096-throws')",
    '    })',
    '    said.push(String(buffer.size))',
    '  } catch (error) {',
    "    said.push((error as Error).message.replace(/ .*/s, ''))",
    '  }',
    '}',
  ),
  'jumps.ts': saying(
    'for (const n of [1, 2, 3, 4]) {',
    `  using a = ${resource('a')}`,
    `  await using b = ${resource('b')}`,
    '  void [a, b]',
    '  if (n === 2) continue',
    '  if (n === 4) break',
    '  said.push(String(n))',
    '}',
    'const early = async () => {',
    `  for (await using c of [${resource('c')}, ${resource('never')}]) return String(c !== null)`,
    '  return "late"',
    '}',
    'said.push(await early())',
    'const later: (() => void)[] = []',
    'for (const n of [1, 2]) {',
    "  using e = { n, [Symbol.dispose]() { said.push('e' + n) } }",
    "  later.push(() => said.push('kept' + e.n))",
    '}',
    'for (const call of later) call()',
  ),
  'loop-head.ts': program('for (using d = kernel as never; d === 1; ) console.log("never")'),
  'top-level.ts': [
    'export const said: string[] = []',
    `await using top = ${resource('top')}`,
    'export class Later { static readonly first = said.push("class") }',
    'export default () => { console.log("said", said.join(" "), top !== null) }',
    '',
  ].join('\n'),
  'both.ts': program(
    'await using late = {',
    '  async [Symbol.asyncDispose]() {',
    "    throw new Error('the disposal')",
    '  },',
    '}',
    "throw new RangeError('the body')",
  ),
  'plain.js':
    'export default (kernel) => {\n  using a = { [Symbol.dispose]() { console.log("said plain") } }\n}\n',
})

describe.concurrent('using', () => {
  it.each([
    ['in-loop.ts', 'said EINVAL: 4096-throws 8192'],
    ['jumps.ts', 'said 1 b a b a 3 b a b a c true e1 e2 kept1 kept2'],
    ['top-level.ts', 'said class top true'],
    ['plain.js', 'said plain'],
  ])('%s does what JavaScript does', async (file, text) => {
    const { code, stdout } = await dmabuf(folder, ['run', file, ...once])
    expect(stdout).toContain(`\n${text}\n`)
    expect(code).toBe(0)
  })

  it('is refused with its place in the head of a for loop, which the transformer leaves as it is', async () => {
    const { code, stderr } = await dmabuf(folder, ['run', 'loop-head.ts', ...once])
    expect(stderr).toContain('a `using` declaration in the head of a `for` loop is not supported')
    expect(stderr).toMatch(/--> loop-head.ts:\d+:\d+/)
    expect(code).toBe(2)
  })

  it('shows the first error with its line, then what disposing threw with its line', async () => {
    const { stdout } = await dmabuf(folder, ['run', 'both.ts', ...once])
    expect(stdout).toMatch(
      /^error: the program threw: the body; disposing failed too: the disposal\n {2}--> both.ts:8:9\n/m,
    )
    expect(stdout).toMatch(/^ {2}the disposal:\n {2}--> both.ts:5:13\n/m)
    const { stdout: json } = await dmabuf(folder, ['run', 'both.ts', '--json', ...once])
    expect(JSON.parse(json).runs[0].error).toMatchObject({ file: 'both.ts', line: 8, column: 9 })
  })
})
