import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { dmabuf, folderWith } from './command.ts'
import { clean, noBracket } from './programs.ts'

const folder = folderWith({ 'wrong.ts': noBracket, 'clean.ts': clean, 'cut.ndjson': '{"format":' })
const arm = ['--board', 'arm-soc', '--policy', 'lazy']

describe('dmabuf run --trace and dmabuf check', () => {
  it.each([
    ['one.ndjson', 'wrong.ts', 1],
    ['two.ndjson.gz', 'clean.ts', 0],
  ])('%s gives the report of the run that wrote it', async (file, program, code) => {
    const ran = await dmabuf(folder, ['run', program, ...arm, '--trace', file, '--json'])
    expect(ran.code).toBe(code)
    const checked = await dmabuf(folder, ['check', file, '--json'])
    expect(checked).toEqual(ran)
  })

  it('writes one record for each of several runs', async () => {
    await dmabuf(folder, ['run', 'clean.ts', '--trace', 'all/run.ndjson', '--policy', 'lazy'])
    expect(readdirSync(join(folder, 'all')).sort()).toEqual([
      'run.arm-soc-lazy.ndjson',
      'run.pc-lazy.ndjson',
    ])
  })

  it.each([
    [['check', 'cut.ndjson'], 'cut.ndjson: line 1: it is not the head of a dmabuf-trace'],
    [['check', 'missing.ndjson'], 'cannot read missing.ndjson: ENOENT'],
    [['run', 'clean.ts', '--trace', 'clean.ts'], '--trace clean.ts is the name of a program'],
    [['run', 'clean.ts', '--trace', ' '], '--trace is empty'],
  ])('%j is wrong use', async (words, message) => {
    const { code, stderr } = await dmabuf(folder, words)
    expect(code).toBe(2)
    expect(stderr).toContain(message)
  })

  it('fails for a file that cannot be written', async () => {
    const words = ['run', 'clean.ts', ...arm, '--trace', 'wrong.ts/run.ndjson']
    const { code, stdout, stderr } = await dmabuf(folder, words)
    expect(code).toBe(2)
    expect(stdout + stderr).toContain('Choose another file with --trace.')
    expect(existsSync(join(folder, 'wrong.ts/run.ndjson'))).toBe(false)
  })

  it.runIf(existsSync('/dev/full')).each(['full.ndjson', 'full.ndjson.gz'])(
    'keeps the findings of a run whose record %s has no space',
    async (file) => {
      symlinkSync('/dev/full', join(folder, file))
      const words = ['run', 'wrong.ts', ...arm, '--trace', file, '--json']
      const { code, stdout } = await dmabuf(folder, words)
      expect(code).toBe(2)
      const [run] = JSON.parse(stdout).runs
      expect(run.findings).toMatchObject([{ rule: 'write-outside-bracket' }])
      expect(run.error).toMatchObject({ kind: 'not-recorded' })
      expect(run.error.message).toMatch(/^cannot write to .*: ENOSPC/)
    },
  )

  it('reads a packed record that is cut as an error of the file', async () => {
    await dmabuf(folder, ['run', 'wrong.ts', ...arm, '--trace', 'whole.ndjson.gz'])
    const bytes = readFileSync(join(folder, 'whole.ndjson.gz'))
    writeFileSync(join(folder, 'half.ndjson.gz'), bytes.subarray(0, bytes.length / 2))
    const { code, stderr } = await dmabuf(folder, ['check', 'half.ndjson.gz'])
    expect(code).toBe(2)
    expect(stderr).toContain('cannot read half.ndjson.gz: unexpected end of file')
  })

  it('does not judge a record as another board', async () => {
    await dmabuf(folder, ['run', 'clean.ts', ...arm, '--trace', 'as.ndjson'])
    const { code, stderr } = await dmabuf(folder, ['check', 'as.ndjson', '--as', 'rpi4'])
    expect(code).toBe(2)
    expect(stderr).toContain('and not those of rpi4')
    expect((await dmabuf(folder, ['check', 'as.ndjson', '--as', 'arm-soc'])).code).toBe(0)
  })
})

describe('dmabuf run --schedule', () => {
  it('repeats the run that a report names', async () => {
    const random = ['--board', 'arm-soc', '--policy', 'random']
    const first = await dmabuf(folder, ['run', 'wrong.ts', ...random, '--seed', '5', '--json'])
    const [run] = JSON.parse(first.stdout).runs
    expect(run.schedule).toBe('1.s5')
    const again = await dmabuf(folder, [
      'run',
      'wrong.ts',
      ...random,
      '--schedule',
      '1.s5',
      '--json',
    ])
    expect(again).toEqual(first)
    const text = await dmabuf(folder, ['run', 'wrong.ts', ...random, '--seed', '5'])
    expect(text.stdout).toContain('board arm-soc, policy random, schedule 1.s5')
  })

  it.each([
    [['--schedule', '1.s5'], 'select 6'],
    [['--schedule', '1.s5', '--seed', '5'], 'exclude each other'],
    [['--schedule', '1.x'], "'1.x' is not a schedule"],
  ])('with %j is wrong use', async (words, message) => {
    const { code, stderr } = await dmabuf(folder, ['run', 'clean.ts', ...words])
    expect(code).toBe(2)
    expect(stderr).toContain(message)
  })
})
