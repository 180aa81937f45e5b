import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { sarifSchema } from '../check/sarif-schema.ts'
import { dmabuf, folderWith, once } from './command.ts'
import { clean, drawLine, noBracket, program } from './programs.ts'

const folder = folderWith({
  'clean.ts': clean,
  'app/no-bracket.ts': noBracket,
  'prints.ts': program('console.log("not a report")'),
  'bad.ts': 'export default = 1\n',
  file: '',
})
const validate = new Ajv2020().compile(sarifSchema)
const rule = 'write-outside-bracket'
const wrong = ['app/no-bracket.ts', ...once]

describe.concurrent('dmabuf run --reporter', () => {
  it('github prints annotations below the text', async () => {
    const { code, stdout } = await dmabuf(folder, [...wrong, '--reporter', 'github'])
    expect(code).toBe(1)
    expect(stdout).toMatch(/1 distinct finding in 1 run\n::error file=app\/no-bracket\.ts,line=/)
    expect(stdout).toContain(`line=${drawLine},col=`)
  })

  it('github and sarif name files from the root of the repository', async () => {
    const env = { GITHUB_WORKSPACE: folder }
    const words = ['no-bracket.ts', ...once, '--reporter']
    const { stdout } = await dmabuf(join(folder, 'app'), [...words, 'github'], env)
    expect(stdout).toContain('::error file=app/no-bracket.ts,')
    const sarif = await dmabuf(join(folder, 'app'), [...words, 'sarif'], env)
    expect(sarif.stdout).toContain('"uri": "app/no-bracket.ts"')
  })

  it('sarif prints a valid log and nothing else', async () => {
    const { code, stdout } = await dmabuf(folder, [...wrong, '--reporter', 'sarif'])
    const log = JSON.parse(stdout)
    expect(validate(log) ? [] : validate.errors).toEqual([])
    expect({ code, rule: log.runs[0].results[0].ruleId }).toEqual({ code: 1, rule })
  })

  it('junit prints a case for each run, and what the program prints goes to stderr', async () => {
    const { code, stdout, stderr } = await dmabuf(folder, ['prints.ts', '--reporter', 'junit'])
    expect({ code, cases: stdout.match(/<testcase /g)?.length }).toEqual({ code: 0, cases: 6 })
    expect(stdout).toMatch(
      /^<\?xml .*\n<testsuites name="dmabuf" tests="6" failures="0" errors="0">/,
    )
    expect(stdout).not.toContain('not a report')
    expect(stderr).toContain('not a report')
  })

  it('json is --json', async () => {
    const words = ['clean.ts', ...once]
    const [json, reporter] = await Promise.all([
      dmabuf(folder, [...words, '--json']),
      dmabuf(folder, [...words, '--reporter', 'json']),
    ])
    expect(reporter).toEqual(json)
    expect(JSON.parse(json.stdout)).toMatchObject({ verdict: 'clean' })
  })

  it.each(['github', 'sarif', 'junit'])('%s reports a program that does not load', async (name) => {
    const { code, stdout, stderr } = await dmabuf(folder, ['bad.ts', '--reporter', name])
    expect(code).toBe(2)
    expect(stdout).toContain('does not compile')
    expect(stderr).toContain('--> bad.ts:1:')
  })
})

describe.concurrent('dmabuf run --output', () => {
  it.each(['json', 'github', 'sarif', 'junit'])(
    'writes the report of %s to the file, and prints the text',
    async (name) => {
      const file = join(folder, 'made', name, 'report')
      const { code, stdout } = await dmabuf(folder, [
        ...wrong,
        '--reporter',
        name,
        '--output',
        file,
      ])
      expect(code).toBe(1)
      expect(stdout).toMatch(
        new RegExp(`^error\\[${rule}\\][\\s\\S]*1 distinct finding in 1 run\\n$`),
      )
      expect(readFileSync(file, 'utf8')).toContain(rule)
      expect(readFileSync(file, 'utf8')).not.toMatch(/^error\[/)
    },
  )

  it('writes the text, without colours, where no reporter is named', async () => {
    const words = ['clean.ts', ...once, '--output', 'report.txt']
    const { stdout } = await dmabuf(folder, words, { FORCE_COLOR: '1' })
    const text = readFileSync(join(folder, 'report.txt'), 'utf8')
    expect(text).toContain('clean: no findings in 1 run\n')
    expect(stdout).toContain('\u001b[')
  })

  it.each([
    [['--output', '.'], 'it is a folder'],
    [['--output', 'file/report'], 'cannot write to'],
    [['--output', 'clean.ts'], 'is the name of a program'],
    [['--output', ''], '--output is empty'],
    [['--reporter', 'sarff'], "Did you mean 'sarif'?"],
    [['--json', '--reporter', 'junit'], 'two reports'],
  ])('%j ends before anything runs', async (words, text) => {
    const { code, stdout, stderr } = await dmabuf(folder, ['clean.ts', ...words])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(text)
    expect(existsSync(join(folder, 'file/report'))).toBe(false)
    expect(readFileSync(join(folder, 'clean.ts'), 'utf8')).toBe(clean)
  })
})
