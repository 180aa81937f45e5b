/** The command's pages and tables fit a terminal of 80 columns. */
import { describe, expect, it } from 'vitest'
import { detail } from '../../src/cli/terminal/finding-text.ts'
import { styleFor } from '../../src/cli/terminal/style.ts'
import { wrapped } from '../../src/cli/terminal/wrap.ts'
import { dmabuf, folderWith } from './command.ts'
import { clean, noBracket } from './programs.ts'

const folder = folderWith({ 'clean.ts': clean, 'no-bracket.ts': noBracket })

const longest = (text: string): number => Math.max(...text.split('\n').map((line) => line.length))

describe.concurrent('in a pipe', () => {
  it.each([['--help'], ['run', '--help'], ['boards'], ['explain']])(
    'dmabuf %s %s is at most 80 columns wide',
    async (...words) => {
      const { stdout } = await dmabuf(folder, words)
      expect(longest(stdout)).toBeLessThanOrEqual(80)
    },
  )

  it('the tables of runs are at most 80 columns wide, on every board', async () => {
    const { stdout } = await dmabuf(folder, ['run', 'no-bracket.ts', '--board', 'all'])
    const tables = stdout.slice(stdout.indexOf('\nboard '))
    expect(tables).toContain('arm-soc-iommu')
    expect(tables).toContain('cache maintenance')
    expect(longest(tables)).toBeLessThanOrEqual(80)
  })

  it('a text of a finding is one line', () => {
    const text = 'word '.repeat(50).trim()
    expect(detail('fix', text, styleFor({}, false))).toEqual([`  fix:       ${text}`])
  })
})

describe('in a terminal', () => {
  it('a text of a finding is wrapped and keeps its indent', () => {
    const style = styleFor({ isTTY: true, columns: 60 }, false)
    const lines = detail('fix', 'word '.repeat(50).trim(), style)
    expect(lines.length).toBeGreaterThan(3)
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(60)
    for (const line of lines.slice(1)) expect(line).toMatch(/^ {13}word/)
  })
})

describe('wrapped', () => {
  it('keeps all words in order, line breaks included', () => {
    const text = 'one two three\n\nfour an-unbreakable-word five'
    const lines = wrapped(text, 10)
    expect(lines).toEqual(['one two', 'three', '', 'four', 'an-unbreakable-word', 'five'])
  })
})

describe.concurrent('notes about drivers', () => {
  it('are printed only with --notes', async () => {
    const [quiet, asked] = await Promise.all([
      dmabuf(folder, ['run', 'clean.ts']),
      dmabuf(folder, ['run', 'clean.ts', '--notes']),
    ])
    expect(quiet.stdout).not.toContain('note[')
    expect(asked.stdout).toContain('note[system heap]')
  })
})
