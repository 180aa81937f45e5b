/** The forms of a report that other tools read. */
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Failure,
  githubAnnotations,
  junitXml,
  type ReportJson,
  type RunReport,
  reportJson,
  ruleTable,
  sarifLog,
} from '../../src/check/index.ts'
import { failedReportJson } from '../../src/check/report/json.ts'
import { cases } from './cases/index.ts'
import { sarifSchema } from './sarif-schema.ts'
import type { Story } from './story.ts'
import { storyRun as run } from './story-run.ts'

const validate = new Ajv2020({ allErrors: true }).compile(sarifSchema)

const bad = (story: Story): void => cases[0]?.bad(story)
const threw: Failure = {
  kind: 'threw',
  message: 'the program threw: 5%, "no" <camera>',
  advice: 'Plug it in.',
  place: { file: '/app/program.ts', line: 7, column: 3 },
}
const report = (...runs: RunReport[]): ReportJson =>
  reportJson('program.ts', runs, (path) => path.replace('/app/', ''))
const both = report(run(bad), run(bad, { board: 'arm-soc' }))
const failed = report(run(() => {}, { error: threw }))
const explained = report(run(bad, { error: { ...threw, explained: true } }))
const notLoaded = failedReportJson('program.ts', {
  kind: 'not-loaded',
  message: 'no default export',
})
const every = report(...cases.flatMap((one) => [run(one.bad), run(one.good)]))

/** A report with a failure of this message, at a file of this name. */
const saying = (message: string, file: string): ReportJson =>
  reportJson(file, [
    run(() => {}, { error: { ...threw, message, place: { file, line: 1, column: 1 } } }),
  ])

const texts = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 })

describe('the annotations of GitHub Actions', () => {
  it('are one line for each distinct finding, whichever runs saw it', () => {
    const lines = githubAnnotations(both).trimEnd().split('\n')
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(
      /^::error file=program\.ts,line=5,col=1,title=read-outside-bracket::.*%0Afix: .*%0Aseen on: every run/,
    )
  })

  it('are none for a clean run and for a failure that a finding explains', () => {
    expect(githubAnnotations(report(run(() => {})))).toBe('')
    expect(githubAnnotations(explained)).not.toContain('threw')
  })

  it('say why a program failed, at its line, or at its file where no line is known', () => {
    expect(githubAnnotations(failed)).toBe(
      '::error file=program.ts,line=7,col=3,title=the program failed::the program threw: 5%25, "no" <camera>%0Ahelp: Plug it in.\n',
    )
    expect(githubAnnotations(notLoaded)).toBe(
      '::error file=program.ts,line=1,title=the program failed::no default export\n',
    )
  })

  it('are notices for lints', () => {
    const levels = githubAnnotations(every).match(/^::\w+/gm)
    const lints = every.runs.flatMap((one) => one.lints)
    const distinct = new Set(lints.map(({ rule, line, message }) => `${rule} ${line ?? message}`))
    expect(distinct.size).toBeGreaterThan(0)
    expect(levels?.filter((level) => level === '::notice')).toHaveLength(distinct.size)
  })

  it('are one command each, whatever is in a message or a name, and keep it', () => {
    fc.assert(
      fc.property(texts, texts, (message, file) => {
        const [, name, text] =
          /^::error file=([^,:\r\n]*),line=1,col=1,title=[^,:\r\n]*::([^\r\n]*)\n$/.exec(
            githubAnnotations(saying(message, file)),
          ) ?? []
        expect(name && decoded(name)).toBe(file)
        expect(text && decoded(text)).toBe(`${message}\nhelp: Plug it in.`)
      }),
    )
  }, 20_000)
})

/** As a runner of GitHub Actions reads it. */
function decoded(text: string): string {
  const characters: Record<string, string> = {
    '0D': '\r',
    '0A': '\n',
    '3A': ':',
    '2C': ',',
    '25': '%',
  }
  return text.replace(/%(0D|0A|3A|2C|25)/g, (_, code: string) => characters[code] ?? '')
}

describe('the SARIF log', () => {
  it.each([
    ['findings', both],
    ['every rule', every],
    ['a failed run', failed],
    ['a program that never ran', notLoaded],
    ['no run at all', report()],
  ])('is valid for %s', (_, of) => {
    const log: unknown = JSON.parse(JSON.stringify(sarifLog(of, { version: '1.2.3' })))
    expect(validate(log) ? [] : validate.errors).toEqual([])
  })

  it('has every rule with its help, and results that refer to them', () => {
    const [{ tool, results }] = sarifLog(every).runs
    expect(tool.driver.rules.map(({ id }) => id)).toEqual(ruleTable.map(({ id }) => id))
    expect(results.length).toBeGreaterThan(20)
    for (const { ruleId, ruleIndex } of results) {
      expect(tool.driver.rules[ruleIndex]).toMatchObject({ id: ruleId })
      expect(tool.driver.rules[ruleIndex]?.help.text).toContain('Fix: ')
    }
  })

  it('places a finding at its line and relates the others that belong to it', () => {
    const at = ({ line }: { line: number | null }) => ({
      physicalLocation: {
        artifactLocation: { uri: 'program.ts' },
        region: { startLine: line, startColumn: 1 },
      },
    })
    let related = 0
    for (const one of every.runs) {
      for (const finding of one.findings) {
        const alone = { ...one, findings: [finding], lints: [] }
        const [{ results }] = sarifLog({ ...every, runs: [alone] }).runs
        const others = [finding.becauseAt, ...finding.related].filter((place) => place !== null)
        expect(results[0]?.locations).toMatchObject([
          finding.line === null
            ? { physicalLocation: { artifactLocation: { uri: 'program.ts' } } }
            : at(finding),
        ])
        expect(results[0]?.relatedLocations ?? []).toMatchObject(others.map(at))
        related += others.length
      }
    }
    expect(related).toBeGreaterThan(5)
  })

  it('reports a failure as a notification of an invocation that was no success', () => {
    const [{ invocations, results }] = sarifLog(failed).runs
    expect(results).toEqual([])
    expect(invocations[0].executionSuccessful).toBe(false)
    expect(invocations[0].toolExecutionNotifications).toMatchObject([
      { message: { text: `${threw.message}\nhelp: Plug it in.` } },
    ])
    expect(sarifLog(both).runs[0].invocations[0]).toEqual({
      executionSuccessful: true,
      toolExecutionNotifications: [],
    })
  })

  it.each([
    ['a b/ü%.ts', 'a%20b/%C3%BC%25.ts'],
    ['/app/p.ts', 'file:///app/p.ts'],
    ['C:\\app\\p.ts', 'file:///C%3A/app/p.ts'],
    ['https://host/p.ts', 'https://host/p.ts'],
  ])('names the file %s as the URI %s', (file, uri) => {
    const [{ invocations }] = sarifLog(saying('no', file)).runs
    const [{ locations } = { locations: [] }] = invocations[0].toolExecutionNotifications
    expect(locations[0]?.physicalLocation.artifactLocation.uri).toBe(uri)
  })
})

describe('the JUnit report', () => {
  it('has a test case for each run, and counts those that fail', () => {
    const xml = junitXml(
      report(
        run(() => {}),
        run(bad, { policy: 'random', seed: 7 }),
      ),
    )
    const [, suite, ...rest] = elementsOf(xml)
    expect(suite).toEqual({
      name: 'testsuite',
      attributes: { name: 'program.ts', tests: '2', failures: '1', errors: '0' },
      text: expect.anything(),
    })
    expect(rest.map(({ name, attributes }) => [name, attributes.name])).toEqual([
      ['testcase', 'pc lazy'],
      ['testcase', 'pc random 7'],
      ['failure', undefined],
    ])
    const failure = rest.at(-1)
    expect(failure?.attributes.type).toBe('read-outside-bracket')
    expect(failure?.text).toContain('--> program.ts:5:1')
  })

  it('has an error for a program that failed, or never ran', () => {
    for (const [of, name] of [
      [failed, 'pc lazy'],
      [notLoaded, 'load'],
    ] as const) {
      const elements = elementsOf(junitXml(of))
      expect(elements[0]?.attributes).toMatchObject({ tests: '1', failures: '0', errors: '1' })
      expect(elements.find((one) => one.name === 'testcase')?.attributes.name).toBe(name)
      expect(elements.at(-1)?.name).toBe('error')
    }
  })

  it('is well-formed, whatever is in a message or a name, and keeps it', () => {
    fc.assert(
      fc.property(texts, texts, (message, file) => {
        const elements = elementsOf(junitXml(saying(message, file)))
        expect(elements[1]?.attributes.name).toBe(xmlCharacters(file))
        expect(elements.at(-1)?.attributes.message).toBe(xmlCharacters(message))
      }),
    )
  }, 20_000)
})

interface Element {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly text: string
}

/** The elements of a document in the order of their beginnings. Throws where it is not well-formed. */
function elementsOf(xml: string): Element[] {
  const found: { name: string; attributes: Record<string, string>; text: string }[] = []
  const open: { name: string; text: string }[] = []
  const tokens = /<\?xml [^?]*\?>\n|<\/(\w+)>|<(\w+)((?: \w+="[^"<]*")*)(\/?)>|([^<]+)/y
  while (tokens.lastIndex < xml.length) {
    const at = tokens.lastIndex
    const match = tokens.exec(xml)
    if (match === null) throw new Error(`not XML: ${xml.slice(at, at + 40)}`)
    const [, end, begin, attributes = '', empty, text] = match
    if (end !== undefined && open.pop()?.name !== end) throw new Error(`</${end}> closes nothing`)
    if (begin !== undefined) {
      const pairs = [...attributes.matchAll(/ (\w+)="([^"]*)"/g)]
      const values = pairs.map(([, name = '', value = '']) => [name, unescaped(value)] as const)
      const element = { name: begin, attributes: Object.fromEntries(values), text: '' }
      found.push(element)
      if (empty === '') open.push(element)
    }
    const last = open.at(-1)
    if (text !== undefined && last !== undefined) last.text += unescaped(text)
  }
  if (open.length > 0) throw new Error('elements are left open')
  return found
}

function unescaped(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: XML has none of them.
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/.test(text))
    throw new Error('not a character of XML')
  const named: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"' }
  return text.replace(/&(?:#(\d+)|(\w*));?/g, (whole, code?: string, name = '') => {
    const character = code === undefined ? named[name] : String.fromCodePoint(Number(code))
    if (character === undefined || !whole.endsWith(';'))
      throw new Error(`not a reference: ${whole}`)
    return character
  })
}

function xmlCharacters(text: string): string {
  const isXml = (code: number): boolean =>
    [9, 10, 13].includes(code) ||
    (code >= 32 && code < 0xd800) ||
    (code > 0xdfff && code !== 0xfffe && code !== 0xffff)
  return [...text].map((one) => (isXml(one.codePointAt(0) ?? 0) ? one : '\ufffd')).join('')
}
