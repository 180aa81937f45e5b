/** Boards that a program's file brings along. */
import { describe, expect, it } from 'vitest'
import { readyBoards } from '../../src/boards/index.ts'
import { dmabuf, folderWith } from './command.ts'

const withBoards = (boards: string): string => `import { DmaHeap, type Kernel } from 'dmabuf'
import { armSoc, pc } from 'dmabuf/sim'
export const boards = ${boards}
export default async (kernel: Kernel): Promise<void> => {
  using heap = DmaHeap.open(kernel)
  await using buffer = await heap.allocate(4096)
  await buffer.withCpuAccess('write', (bytes) => { bytes.fill(1) })
}
`
const mine = "{ ...armSoc, name: 'mine', fromDeviceMap: 'invalidate' }"

const folder = folderWith({
  'mine.ts': withBoards(`[${mine}, { ...pc, name: 'my-pc' }]`),
  'broken.ts': withBoards("[{ ...armSoc, name: 'broken', lineSize: 48 }]"),
  'no-array.ts': withBoards("'pc'"),
})

const tables = folderWith({
  'mine.ts': withBoards(`[${mine}, { ...pc, name: 'my-pc', description: 'a PC of mine' }]`),
  'broken.ts': 'export default = 1',
})

describe.concurrent('dmabuf boards', () => {
  it('lists the boards of a file below the built-in ones', async () => {
    const { code, stdout } = await dmabuf(tables, ['boards', 'mine.ts'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^rpi4 [\s\S]*^mine [\s\S]*^my-pc +a PC of mine$/m)
    expect(stdout).toMatch(/^my-pc +64 B +snoops/m)
  })

  it.each([
    [['rpi4'], ['Raspberry Pi 4', 'below 0x40000000', 'bounce pool', 'cleanLine']],
    [
      ['mine.ts', 'mine'],
      ['invalidates lines', 'goes around the cache'],
    ],
    [
      ['mine.ts', 'my-pc'],
      ['a PC of mine', 'arm-soc, unless --as names another board'],
    ],
    [
      ['pc', 'arm-soc-cma'],
      ['coherent PC', 'contiguous'],
    ],
  ])('%j shows all that the table says, in 80 columns', async (words, texts) => {
    const { code, stdout } = await dmabuf(tables, ['boards', ...words])
    expect(code).toBe(0)
    for (const text of texts) expect(stdout).toContain(text)
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
  })

  it.each([
    [['rpi5'], "help:      Did you mean 'rpi4'?"],
    [['mine.ts', 'mien'], "help:      Did you mean 'mine'?"],
    [['mien.ts'], "Did you mean 'mine.ts'?"],
    [['broken.ts'], '--> broken.ts:1:16'],
  ])('%j says what is wrong', async (words, text) => {
    const { code, stdout, stderr } = await dmabuf(tables, ['boards', ...words])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(text)
  })
})

interface Report {
  readonly runs: readonly { readonly board: string; readonly judgedAs: string }[]
}

async function runsOf(...words: string[]): Promise<string[]> {
  const { stdout } = await dmabuf(folder, [
    'run',
    'mine.ts',
    '--policy',
    'lazy',
    '--json',
    ...words,
  ])
  const { runs } = JSON.parse(stdout) as Report
  return runs.map(({ board, judgedAs }) => `${board} as ${judgedAs}`)
}

describe.concurrent('boards of the program’s own file', () => {
  it('are run on as well as the usual ones', async () => {
    expect(await runsOf()).toEqual([
      'pc as arm-soc',
      'arm-soc as arm-soc',
      'mine as mine',
      'my-pc as arm-soc',
    ])
  })

  it('can be asked for by name, also as what is judged', async () => {
    expect(await runsOf('--board', 'mine')).toEqual(['mine as mine'])
    expect(await runsOf('--board', 'my-pc', '--as', 'mine')).toEqual(['my-pc as mine'])
  })

  it('stand beside every ready board, those that are not among all boards too', async () => {
    const names = [...readyBoards.keys()]
    const runs = await runsOf('--board', names.join(','))
    expect(runs.map((run) => run.replace(/ as .*/, ''))).toEqual(names)
  })

  it('are among all boards', async () => {
    expect(await runsOf('--board', 'all')).toEqual(
      expect.arrayContaining(['pc as arm-soc', 'mine as mine', 'my-pc as arm-soc']),
    )
  })

  it.each([
    ['mine.ts', ['--board', 'mien'], ["--board 'mien' is unknown", "Did you mean 'mine'"]],
    ['broken.ts', [], ['lineSize is 48', 'power of two']],
    ['no-array.ts', [], ["'boards'", 'not an array']],
  ])('%s %j says what is wrong', async (file, words, texts) => {
    const { code, stderr } = await dmabuf(folder, ['run', file, ...words])
    expect(code).toBe(2)
    for (const text of texts) expect(stderr).toContain(text)
  })
})
