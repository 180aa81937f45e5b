/** The guide as text: its blocks of code, and the parts that are made from the tests' data. */
import { readFileSync } from 'node:fs'
import { boards } from 'dmabuf/sim'
import { gateway } from '../../examples/driver/gateway.ts'
import type { Mistake, Named } from './mistakes.ts'

const names = [...boards.keys(), gateway.name]
const path = new URL('../../docs/drivers.md', import.meta.url)

export function guideText(): string {
  return readFileSync(path, 'utf8')
}

/** The blocks of TypeScript. */
export function codeBlocks(text: string): string[] {
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = '']) => code)
}

/** The block that a finding is shown in, and the mistake that it is about. */
export function findingBlock(text: string): { what: string; shown: string } {
  const match = /<!-- finding: (.*?) -->\n\n```\n(.*?)```/s.exec(text)
  return { what: match?.[1] ?? '', shown: match?.[2] ?? '' }
}

/** The text between the marks. */
export function mistakeTables(text: string): string {
  return /<!-- mistakes -->\n\n(.*)\n<!-- end of mistakes -->/s.exec(text)?.[1] ?? ''
}

export function tableOf(title: string, mistakes: readonly Mistake[]): string {
  const rows = mistakes.map((mistake) => [whatOf(mistake), rulesOf(mistake), linesOf(mistake)])
  const all = [[title, 'rule', 'reported at'], ...rows]
  const widths = [0, 1, 2].map((at) => Math.max(...all.map((row) => row[at]?.length ?? 0)))
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |\n`
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |\n`
  return [line(all[0] ?? []), rule, ...rows.map(line)].join('')
}

function whatOf({ what, fails }: Mistake): string {
  return fails === undefined ? what : `${what} (\`${fails[0]}\`)`
}

function rulesOf({ named }: Mistake): string {
  return named.map((one) => `\`${one.rule}\`${onBoards(one)}`).join('; ')
}

function onBoards({ on }: Named): string {
  if (on === undefined) return ''
  const others = names.filter((board) => !on.includes(board))
  return others.length < on.length ? `, not on ${others.join(', ')}` : ` on ${on.join(', ')}`
}

/** The calls in the lines, each once, by file. */
function linesOf({ named }: Mistake): string {
  const lines = named.flatMap(({ at }) => at)
  const inFile = (name: string): string => {
    const calls = lines.filter(([file]) => file === name).map(([, line]) => callIn(line))
    return `${name}: ${[...new Set(calls)].map((call) => `\`${call}\``).join(', ')}`
  }
  return [...new Set(lines.map(([file]) => file))].map(inFile).join('; ')
}

function callIn(line: string): string {
  return /(?:dma|context|memory)\.[a-zA-Z.]+|throw new \w+/.exec(line)?.[0] ?? line
}
