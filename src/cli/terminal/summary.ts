/** The tables of all runs, and the conclusion under them. */
import type { MergedFinding } from '../../check/report/merge.ts'
import { runsText } from '../../check/report/runs-text.ts'
import { isLinux } from '../runs/linux.ts'
import { policyText } from '../runs/plan.ts'
import { overallVerdict, type RunRecord, verdictOf } from '../runs/record.ts'
import { bytesText, countText, type Style, timeText } from './style.ts'
import { type Column, tableText } from './table.ts'

const COLUMNS: readonly Column[] = [
  { head: 'board' },
  { head: 'policy' },
  { head: 'verdict' },
  { head: 'findings', align: 'right' },
  { head: 'wrong bytes', align: 'right' },
  { head: 'hidden', align: 'right' },
  { head: 'frames', align: 'right' },
]

const LEGEND = `
wrong bytes: bytes that came out wrong, in the worst access of each finding
hidden:      findings whose bytes came out right here but may not elsewhere
`

const COST_COLUMNS: readonly Column[] = [
  { head: 'board' },
  { head: 'CPU bytes', align: 'right' },
  { head: 'cache maintenance', align: 'right' },
  { head: 'bounced', align: 'right' },
  { head: 'virtual time', align: 'right' },
]

/** For the real kernel: it has no cache policy, and nothing is counted inside it. */
const LINUX_COLUMNS: readonly Column[] = [
  { head: 'board' },
  { head: 'kernel' },
  { head: 'memory' },
  { head: 'verdict' },
  { head: 'findings', align: 'right' },
  { head: 'calls', align: 'right' },
  { head: 'time', align: 'right' },
]

export function summaryTable(records: readonly RunRecord[], style: Style): string {
  if (records.some(isLinux)) {
    const rows = records.map((record) => linuxRow(record, style))
    return tableText(LINUX_COLUMNS, rows, style)
  }
  const rows = records.map((record) => rowOf(record, style))
  const verdicts = tableText(COLUMNS, rows, style)
  const legend = records.some(({ findings }) => findings.some(({ data }) => data)) ? LEGEND : ''
  return `${verdicts}${legend}\n${costTable(records, style)}`
}

function rowOf(record: RunRecord, style: Style): string[] {
  const { findings } = record
  return [
    record.board,
    policyText(record),
    verdictText(record, style),
    String(findings.length),
    bytesText(findings.reduce((sum, { wrongBytes }) => sum + wrongBytes, 0)),
    String(findings.filter(({ hidden }) => hidden).length),
    String(record.frames),
  ]
}

/** Runs of one board that cost the same are one row. */
function costTable(records: readonly RunRecord[], style: Style): string {
  const groups = new Map<string, RunRecord[]>()
  for (const record of records) {
    const key = [record.board, ...costCells(record)].join(' ')
    groups.set(key, [...(groups.get(key) ?? []), record])
  }
  const rows = [...groups.values()].map((group) => [
    runsText(group, records),
    ...group.slice(0, 1).flatMap(costCells),
  ])
  return tableText(COST_COLUMNS, rows, style)
}

function costCells({ cost }: RunRecord): string[] {
  return [
    bytesText(cost.cpuBytes - cost.bounced),
    bytesText(cost.cleaned + cost.invalidated),
    bytesText(cost.bounced),
    timeText(cost.time),
  ]
}

function linuxRow(record: RunRecord, style: Style): string[] {
  const { board, linux, findings, cost } = record
  return [
    board,
    linux?.release ?? '',
    linux?.memory ?? '',
    verdictText(record, style),
    String(findings.length),
    String(cost.syscalls),
    timeText(cost.time),
  ]
}

function verdictText(record: RunRecord, { colors }: Style): string {
  const verdict = verdictOf(record)
  return verdict === 'clean' ? colors.green(verdict) : colors.red(verdict)
}

/** The overall result in one line. `interruption`: why runs are missing. */
export function conclusion(
  records: readonly RunRecord[],
  findings: readonly MergedFinding<RunRecord>[],
  { colors }: Style,
  interruption?: string,
): string {
  const runs = countText(records.length, 'run')
  const found = countText(findings.length, 'distinct finding')
  if (interruption !== undefined) {
    if (records.length === 0) return `${colors.red(interruption)} before any run had ended\n`
    const known = findings.length === 0 ? 'no findings' : found
    return `${colors.red(interruption)}: ${known} in the ${runs} that had ended\n`
  }
  switch (overallVerdict(records)) {
    case 'clean':
      return `${colors.green('clean')}: no findings in ${runs}${limitText(records)}\n`
    case 'findings':
      return `${colors.red(found)} in ${runs}${sharedText(records, findings)}\n`
    case 'failed':
      return `${colors.red('failed')}: the program did not finish; ${findings.length === 0 ? 'no findings' : found} in ${runs}\n`
  }
}

/** Why the number of distinct findings is not the number in any row of the table. */
function sharedText(
  records: readonly RunRecord[],
  findings: readonly MergedFinding<RunRecord>[],
): string {
  const most = Math.max(...records.map((record) => record.findings.length))
  if (most < findings.length) return '; no single run reports all of them'
  if (most > findings.length) return '; findings of one rule at one line count once'
  return ''
}

/** A clean verdict proves less if devices and caches are not observed. */
function limitText(records: readonly RunRecord[]): string {
  return records.some(isLinux) ? ', judged by its calls only; the simulated boards check more' : ''
}
