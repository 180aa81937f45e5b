import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { dmabuf, folderWith } from './command.ts'
import { clean } from './programs.ts'

const header = 'YUV4MPEG2 W64 H32 F30:1 C420jpeg\n'

const folder = folderWith({
  'clean.ts': clean,
  'notes.txt': 'not a program',
  'cut.y4m': `${header}FRAME\nabc`,
  'text.y4m': 'hello',
  'odd.y4m': 'YUV4MPEG2 W63 H32 F30:1\nFRAME\n',
  'cut.y4m.gz': gzipSync(header).subarray(0, 20),
  'in-the-way': '',
})

const run = (...words: string[]): string[] => ['run', 'clean.ts', ...words]

describe.concurrent('wrong use', () => {
  const cases: [words: string[], texts: string[]][] = [
    [[], ['Usage: dmabuf']],
    [['rnu'], ['unknown command', "help:      Did you mean 'run'?"]],
    [['nothing'], ['unknown command', 'help:      `dmabuf --help`']],
    [['run'], ["missing required argument 'file'"]],
    [run('--bord', 'pc'), ['unknown option', "help:      Did you mean '--board'?"]],
    [['run', 'gone.ts'], ['there is no file gone.ts']],
    [['gone.ts'], ['there is no file gone.ts', 'help:      Paths are relative to']],
    [['gone/clean'], ['there is no file gone/clean']],
    [['notes.txt'], ['must end in .ts']],
    [['run', 'claen.ts'], ["Did you mean 'clean.ts'?"]],
    [['run', '.'], ['. is not a file']],
    [['run', 'notes.txt'], ['must end in .ts']],
    [run('--board', 'arm_soc'), ["'arm_soc'", "Did you mean 'arm-soc'?", 'pc']],
    [run('--board', 'pc,rpi9'), ["'rpi9'"]],
    [run('--board', ','), ['needs at least one name']],
    [run('--as', 'PC'), ["Did you mean 'pc'?"]],
    [run('--policy', 'eagre'), ["Did you mean 'eager'?"]],
    [run('--seed', '-1'), ['--seed', 'whole number']],
    [run('--seed', '1e3'), ['--seed']],
    [run('--timeout', '0'), ['--timeout', 'seconds']],
    [run('--timeout', 'soon'), ['--timeout']],
    [run('--views', 'cooked'), ['--views', 'raw, checked']],
    [run('--input', 'gone.y4m'), ['gone.y4m', 'ENOENT']],
    [run('--input', 'cut.y4m'), ['cut.y4m: Y4M: ', 'byte']],
    [run('--input', 'text.y4m'), ['text.y4m: Y4M: ', 'ffmpeg']],
    [run('--input', 'odd.y4m'), ['odd.y4m: Y4M: ']],
    [run('--input', 'cut.y4m.gz'), ['cut.y4m.gz cannot be unpacked']],
    [run('--out', 'in-the-way'), ['in-the-way', '--out']],
    [run('--out', 'in-the-way/out'), ['in-the-way', '--out']],
    [
      ['explain', 'early-invalid'],
      ["help:      Did you mean 'early-invalidate'? `dmabuf explain`"],
    ],
    [['explain', 'early'], ["Did you mean 'early-invalidate', 'early-reuse' or 'early-publish'?"]],
  ]

  it.each(cases)('dmabuf %j', async (words, texts) => {
    const { code, stdout, stderr } = await dmabuf(folder, words)
    for (const text of texts) expect(stderr).toContain(text)
    expect(stderr).not.toContain('    at ')
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })
})

describe.concurrent('a program without a command', () => {
  it.each([
    [['clean.ts', '--json']],
    [['--board', 'pc', 'clean.ts', '--json']],
    [['./clean.ts', '--json']],
  ])('dmabuf %j runs it', async (words) => {
    const { code, stdout } = await dmabuf(folder, [...words, '--policy', 'lazy'])
    expect({ code, verdict: (JSON.parse(stdout) as { verdict: string }).verdict }).toEqual({
      code: 0,
      verdict: 'clean',
    })
  })
})

describe.concurrent('being asked', () => {
  it.each([
    [['--help'], ['run', 'boards', 'explain', 'Examples:']],
    [
      ['run', '--help'],
      ['--board', '--timeout', 'Exit codes', 'Examples:'],
    ],
    [['--version'], [/^\d+\.\d+\.\d+/]],
    [['boards'], ['arm-soc', 'no snoop', 'pc', 'snoops']],
    [['explain'], ['early-invalidate', 'fd-leak', 'lint']],
    [
      ['explain', 'early-invalidate'],
      ['On real hardware:', 'Fix:'],
    ],
    [['explain', 'c8'], ['early-invalidate']],
  ] as const)('dmabuf %j answers with 0', async (words, texts) => {
    const { code, stdout, stderr } = await dmabuf(folder, words)
    for (const text of texts) expect(stdout).toMatch(text)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })
})
