/** The guide shows the output of its examples. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { findingText } from 'dmabuf/check'
import { patternSource, runProgram } from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'
import { codeBlocks, findingBlock, guideText, mistakeTables, tableOf } from './document.ts'
import { folder, withMistake } from './edited.ts'
import { deviceMistakes, exporterMistakes, importerMistakes } from './mistakes.ts'

const text = guideText()
const files = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'))
const blocks = codeBlocks(text)

/** Ids of events change with any other event. */
function unnumbered(report: string): string {
  return report.replaceAll(/event \d+/g, 'event N')
}

describe('docs/drivers.md', () => {
  it.each(blocks.map((code) => ({ code, first: code.split('\n')[0] })))(
    'shows what is in a file: $first',
    ({ code }) => {
      expect(files.filter((file) => file.includes(code))).toHaveLength(1)
    },
  )

  it('shows a finding as it is', async () => {
    const { what, shown } = findingBlock(text)
    const mistake = exporterMistakes.find((one) => one.what === what)
    if (mistake === undefined) throw new Error(`there is no mistake '${what}'`)
    const { program, drivers, folder: edited, remove } = await withMistake(mistake)
    const source = patternSource(160, 120)
    const { findings } = await runProgram(program, { drivers, source, board: 'arm-soc' })
    const onPc = await runProgram(program, { drivers, source, board: 'pc' })
    remove()
    expect(onPc.findings.map(({ rule, hidden }) => [rule, hidden])).toEqual([
      ['mapping-direction', true],
    ])
    const told = findings.map(findingText).join('\n\n').replaceAll(`${edited}/`, 'examples/driver/')
    expect(unnumbered(`${told}\n`)).toBe(unnumbered(shown))
  })

  it('lists the mistakes that the tests make', () => {
    expect(mistakeTables(text)).toBe(
      [
        tableOf('in the exporter', exporterMistakes),
        tableOf('in the importer', importerMistakes),
        tableOf('with the DMA API', deviceMistakes),
      ].join('\n'),
    )
  })
})
