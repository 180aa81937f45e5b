/** The tables of docs/mechanisms.md are those of a run. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ComparisonRow, compareMechanisms } from 'dmabuf/sim'
import { expect, it } from 'vitest'
import pipeline from '../../examples/pipeline.ts'

const docs = readFileSync(join(import.meta.dirname, '../../docs/mechanisms.md'), 'utf8')

const mib = (bytes = 0): string => (bytes / 2 ** 20).toFixed(1)
const ms = (nanoseconds = 0): string => (nanoseconds / 1e6).toFixed(1)

function cellsOf({
  board,
  imports,
  mechanism,
  rules,
  frames,
  wrongFrames,
  cost,
}: ComparisonRow): string[] {
  return [
    ...[`\`${board}\``, imports, mechanism],
    rules.length === 0 ? 'clean' : rules.map((rule) => `\`${rule}\``).join(', '),
    `${wrongFrames} of ${frames}`,
    ...[cost.cpuBytes, cost.cleaned, cost.invalidated, cost.bounced].map(mib),
    ...[String(cost.faults), ms(cost.time)],
  ]
}

/** Without the spaces that align the columns of a table. */
const cells = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())

it('compares the mechanisms with the figures of a run', async () => {
  const rows = await compareMechanisms(pipeline, { boards: ['pc', 'arm-soc', 'pc-bounce'] })
  expect(rows.map(({ error }) => error).filter((error) => error !== null)).toEqual([])
  const lines = docs.split('\n').filter((line) => line.startsWith('|'))
  const start = lines.findIndex((line) => line.includes('wrong pictures')) + 2
  expect(lines.slice(start, start + rows.length).map(cells)).toEqual(rows.map(cellsOf))
}, 60_000)
