import { describe, expect, it } from 'vitest'
import { dmabuf, folderWith, once } from './command.ts'
import { clean, drawLine, noBracket, pipeline, program } from './programs.ts'

const folder = folderWith({
  'clean.ts': clean,
  'sub/no-bracket.ts': noBracket,
  'dead-view.ts': program(
    'using heap = DmaHeap.open(kernel)',
    'using buffer = await heap.allocate(4096)',
    'let view = new Uint8Array()',
    "await buffer.withCpuAccess('write', (bytes) => { view = bytes })",
    'view.fill(1)',
  ),
  'not-awaited.ts': pipeline(
    [
      'using map = frame.buffer.map()',
      "void frame.buffer.withCpuAccess('write', (bytes) => bytes.fill(1))",
      'map.bytes.fill(2); return',
    ].join('\n    '),
  ),
  'leak.ts': program('void DmaHeap.open(kernel)'),
  'prints.ts': program('console.log("hello from", kernel.name)'),
})

describe.concurrent('dmabuf run', () => {
  it('ends with 0 and a row for each run when a program is clean', async () => {
    const { code, stdout, stderr } = await dmabuf(folder, ['run', 'clean.ts'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(
      stdout.match(/^(pc|arm-soc) +(lazy|eager|random 1) +clean +0 +0 B +0 +3$/gm),
    ).toHaveLength(6)
    expect(stdout).toContain('clean: no findings in 6 runs')
  })

  it('points at the line, once for all runs, and tells the boards apart', async () => {
    const { code, stdout } = await dmabuf(folder, ['run', 'sub/no-bracket.ts'])
    expect(code).toBe(1)
    expect(stdout.match(/^error\[write-outside-bracket\]/gm)).toHaveLength(1)
    expect(stdout).toMatch(new RegExp(`^  --> sub/no-bracket.ts:${drawLine}:\\d+$`, 'm'))
    expect(stdout).toMatch(new RegExp(`^> ${drawLine} \\|     using map = `, 'm'))
    expect(stdout).toMatch(/because: .*\n(.*\n)* {2}hardware: .*\n {2}fix: /)
    expect(stdout).toMatch(/seen on: +every run/)
    expect(stdout).toMatch(/wrong on: +arm-soc[ :]/)
    expect(stdout).toMatch(/hidden on: +pc[,:]/)
  })

  it('narrows the runs, and judges a board as another', async () => {
    const narrow = ['--board', 'pc', '--policy', 'random,eager', '--seed', '7']
    const words = ['run', 'sub/no-bracket.ts', ...narrow]
    const [own, asPc] = await Promise.all([
      dmabuf(folder, words),
      dmabuf(folder, [...words, '--as', 'pc']),
    ])
    expect(own.stdout.match(/^pc +(eager|random 7) +findings +\d+ +0 B +1 /gm)).toHaveLength(2)
    expect(own.stdout).toContain('on arm-soc hardware may get them wrong')
    expect(asPc.stdout.match(/^pc +(eager|random 7) +findings +\d+ +0 B +0 /gm)).toHaveLength(2)
  })

  it('reports a dead view as a finding, not as a failure', async () => {
    const { code, stdout } = await dmabuf(folder, ['run', 'dead-view.ts', ...once])
    expect(code).toBe(1)
    expect(stdout).toContain('error[use-after-release]')
    expect(stdout).toContain('--> dead-view.ts:7:8')
    expect(stdout).toContain('As a consequence, ')
  })

  it('finds a CPU access that nobody awaits', async () => {
    const { code, stdout } = await dmabuf(folder, ['run', 'not-awaited.ts', ...once])
    expect(stdout).toMatch(/^error\[bracket-not-awaited\]/m)
    expect(stdout).toMatch(/--> not-awaited.ts:15:23\n/)
    expect(code).toBe(1)
  })

  it('takes a leak for a finding', async () => {
    const { code, stdout } = await dmabuf(folder, ['run', 'leak.ts', ...once])
    expect(code).toBe(1)
    expect(stdout).toMatch(/^warning\[fd-leak\].*\n {2}--> leak.ts:3:/m)
  })

  it('shows once what the program prints on every run', async () => {
    const { code, stdout } = await dmabuf(folder, ['run', 'prints.ts', '--policy', 'lazy'])
    expect(code).toBe(0)
    expect(stdout.match(/hello from sim/g)).toHaveLength(1)
  })

  it('prints the same for the same seed', async () => {
    const words = ['run', 'sub/no-bracket.ts', '--json', '--policy', 'random', '--seed', '3']
    const [one, other] = await Promise.all([dmabuf(folder, words), dmabuf(folder, words)])
    expect(other).toEqual(one)
  })

  it('sees each access through checked views', async () => {
    const words = ['run', 'sub/no-bracket.ts', '--views', 'checked', ...once]
    const { code, stdout } = await dmabuf(folder, words)
    expect(code).toBe(1)
    expect(stdout).toMatch(/^error\[write-outside-bracket\].* bytes 0 to 256 /m)
  })
})

describe.concurrent('colours', () => {
  const escapeCode = String.fromCharCode(27)
  const words = ['run', 'sub/no-bracket.ts', ...once]

  it.each([
    ['in a pipe', [], {}, false],
    ['when forced', [], { FORCE_COLOR: '1' }, true],
    ['with NO_COLOR', [], { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
    ['with --no-color', ['--no-color'], { FORCE_COLOR: '1' }, false],
  ] as const)('%s', async (_name, more, env, colored) => {
    const { stdout } = await dmabuf(folder, [...words, ...more], env)
    expect(stdout.includes(escapeCode)).toBe(colored)
  })
})
