import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { dmabuf, folderWith, once, type Result, root } from './command.ts'
import { clean, drawLine, noBracket, noBracketThenThrows, program } from './programs.ts'

interface Report {
  readonly verdict: string
  readonly program: string
  readonly runs: readonly {
    readonly board: string
    readonly policy: string
    readonly verdict: string
    readonly findings: readonly Record<string, unknown>[]
    readonly error?: Record<string, unknown>
  }[]
  readonly error?: Record<string, unknown>
}

const schema: object = JSON.parse(readFileSync(join(root, 'schema/report-v1.json'), 'utf8'))
const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(schema)

/** The report that stdout holds, and nothing beside it. */
function reportOf({ stdout }: Result): Report {
  const report: Report = JSON.parse(stdout)
  expect(validate(report) ? [] : validate.errors).toEqual([])
  return report
}

const folder = folderWith({
  'clean.ts': clean,
  'no-bracket.ts': noBracket,
  'prints.ts': program('console.log("not JSON")', 'process.stdout.write("nor this")'),
  'throws.ts': program('throw new Error("boom")'),
  'both.ts': noBracketThenThrows,
  'bad.ts': 'export default = 1\n',
})

describe.concurrent('dmabuf run --json', () => {
  it('tells of six clean runs', async () => {
    const result = await dmabuf(folder, ['run', 'clean.ts', '--json'])
    const { verdict, runs, program: file } = reportOf(result)
    expect({ verdict, file, code: result.code }).toEqual({
      verdict: 'clean',
      file: 'clean.ts',
      code: 0,
    })
    expect(runs.map(({ board, policy }) => `${board} ${policy}`)).toEqual([
      ...['pc lazy', 'pc eager', 'pc random'],
      ...['arm-soc lazy', 'arm-soc eager', 'arm-soc random'],
    ])
  })

  it('gives each finding its line, and tells hidden from wrong', async () => {
    const result = await dmabuf(folder, ['run', 'no-bracket.ts', '--json', '--policy', 'lazy'])
    expect(result.code).toBe(1)
    const { runs } = reportOf(result)
    const of = (name: string) => runs.find(({ board }) => board === name)?.findings[0]
    const place = { rule: 'write-outside-bracket', file: 'no-bracket.ts', line: drawLine }
    expect(of('pc')).toMatchObject({ ...place, hidden: true, wrongNow: false })
    expect(of('arm-soc')).toMatchObject({ ...place, hidden: false, wrongNow: true })
  })

  it('keeps what the program prints off stdout', async () => {
    const result = await dmabuf(folder, ['run', 'prints.ts', '--json', ...once])
    expect(reportOf(result).verdict).toBe('clean')
    expect(result.stderr).toContain('not JSON\nnor this')
  })

  it.each(['throws.ts', 'both.ts'])('%s has failed, and says where', async (file) => {
    const result = await dmabuf(folder, ['run', file, '--json', ...once])
    const { verdict, runs } = reportOf(result)
    expect({ verdict, code: result.code }).toEqual({ verdict: 'failed', code: 2 })
    expect(runs[0]?.error).toMatchObject({ kind: 'threw', file, explained: false })
    expect(runs[0]?.findings).toHaveLength(file === 'throws.ts' ? 0 : 1)
  })

  it.each([
    ['bad.ts', 'not-loaded'],
    ['gone.ts', 'usage'],
  ])('%s never ran', async (file, kind) => {
    const result = await dmabuf(folder, ['run', file, '--json'])
    const { verdict, runs, error } = reportOf(result)
    expect({ verdict, runs, code: result.code }).toEqual({ verdict: 'failed', runs: [], code: 2 })
    expect(error).toMatchObject({ kind })
    expect(result.stderr).toContain('error: ')
  })
})
