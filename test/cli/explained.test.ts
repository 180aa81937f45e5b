/** `dmabuf explain`: a rule with a program that breaks it, beside the fixed one. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ruleIds } from 'dmabuf/check'
import pc from 'picocolors'
import { describe, expect, it } from 'vitest'
import { explainText } from '../../src/cli/commands/explain.ts'
import { styleFor } from '../../src/cli/terminal/style.ts'
import { root } from './command.ts'

const plain = styleFor({ isTTY: false }, false)
const EXAMPLE = /^Flagged \(-\) and fixed \(\+\), from (.*):$/m

function explained(name: string): string {
  return explainText(name, plain)
}

function linesWith(sign: string, text: string): string[] {
  const example = text.slice(text.search(EXAMPLE))
  const lines = example.split('\n').filter((line) => line.startsWith(`${sign} `))
  return lines.map((line) => line.slice(2))
}

function programOf(text: string): { flagged: string[]; fixed: string[] } {
  const [, file = ''] = EXAMPLE.exec(text) ?? []
  const isOfPipeline = /^examples\/[^/]*$/.test(file)
  const twin = isOfPipeline ? 'examples/pipeline.ts' : file.replace('.ts', '.fixed.ts')
  const linesOf = (name: string) => readFileSync(join(root, name), 'utf8').split('\n')
  return { flagged: linesOf(file), fixed: linesOf(twin) }
}

describe('an explained rule', () => {
  it('shows the lines that are fixed, the lines around them, and the file', () => {
    expect(explained('early-invalidate')).toContain(
      [
        'Flagged (-) and fixed (+), from bugs/B27-early-invalidate.ts:',
        '',
        '    for (let count = 0; count < 4; count++) {',
        "      using map = buffer.map({ access: 'read' })",
        "-     await buffer.startCpuAccess('read')",
        '      await camera.dequeue()',
        "+     await buffer.startCpuAccess('read')",
        '      pictures.push(map.bytes.slice())',
        "      await buffer.endCpuAccess('read')",
        '',
      ].join('\n'),
    )
  })

  it('marks the changed lines by colour where colours are wanted', () => {
    const colors = pc.createColors(true)
    const text = explainText('early-invalidate', { colors, isColored: true, columns: undefined })
    expect(text).toContain(colors.red("-     await buffer.startCpuAccess('read')"))
    expect(text).toContain(colors.green("+     await buffer.startCpuAccess('read')"))
  })

  it.each(ruleIds)(
    '%s shows lines of the flagged program and of the fixed one, and few others',
    (rule) => {
      const text = explained(rule)
      const { flagged, fixed } = programOf(text)
      const [minus, plus] = [linesWith('-', text), linesWith('+', text)]
      expect(minus.length + plus.length).toBeGreaterThan(0)
      for (const line of minus) expect(flagged).toContain(line)
      for (const line of plus) expect(fixed).toContain(line)
      expect(linesWith(' ', text).length).toBeLessThanOrEqual(4 * (minus.length + plus.length))
    },
  )

  it('has a program, whichever rule it is', () => {
    expect(ruleIds.filter((id) => !EXAMPLE.test(explained(id)))).toEqual([])
  })

  it('is shown for each rule of a group', () => {
    const text = explained('c3')
    expect(text).toContain('unbalanced-bracket (C3, error)')
    expect(text).toContain('bracket-over-dma (C3, error)')
    expect(text.match(new RegExp(EXAMPLE, 'gm'))?.length).toBeGreaterThan(1)
  })
})
