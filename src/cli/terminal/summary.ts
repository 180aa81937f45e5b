/** The one table that says how every run went, and the sentence under it. */
import type { MergedFinding } from '../../check/report/merge.ts'
import { isLinux } from '../runs/linux.ts'
import { policyText } from '../runs/plan.ts'
import { overallVerdict, type RunRecord, verdictOf } from '../runs/record.ts'
import { bytesText, countText, type Style, timeText } from './style.ts'
import { type Column, tableText } from './table.ts'

/** Shown where anything was bounced. */
const BOUNCED: Column = { head: 'bounced', align: 'right' }

const COLUMNS: readonly Column[] = [
  { head: 'board' },
  { head: 'policy' },
  { head: 'verdict' },
  { head: 'findings', align: 'right' },
  { head: 'wrong bytes', align: 'right' },
  { head: 'hidden', align: 'right' },
  { head: 'frames', align: 'right' },
  { head: 'zeroed, copied', align: 'right' },
  { head: 'cache upkeep', align: 'right' },
  { head: 'virtual time', align: 'right' },
]

/** Of the kernel of this machine: no caches to choose for, nothing that is counted inside it. */
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
  const bounces = records.some(({ cost }) => cost.bounced > 0)
  return tableText(
    bounces ? [...COLUMNS, BOUNCED] : COLUMNS,
    records.map((record) => {
      const row = rowOf(record, style)
      return bounces ? [...row, bytesText(record.cost.bounced)] : row
    }),
    style,
  )
}

/** `wrong` and `hidden` count findings; an amount of bytes would say nothing to anybody. */
function rowOf(record: RunRecord, style: Style): string[] {
  const { findings, cost } = record
  return [
    record.board,
    policyText(record),
    verdictText(record, style),
    String(findings.length),
    String(findings.filter(({ wrongNow }) => wrongNow).length),
    String(findings.filter(({ hidden }) => hidden).length),
    String(record.frames),
    bytesText(cost.cpuBytes - cost.bounced),
    bytesText(cost.cleaned + cost.invalidated),
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

/** What it comes to, in one line. */
export function conclusion(
  records: readonly RunRecord[],
  findings: readonly MergedFinding<RunRecord>[],
  { colors }: Style,
): string {
  const runs = countText(records.length, 'run')
  const found = countText(findings.length, 'distinct finding')
  switch (overallVerdict(records)) {
    case 'clean':
      return `${colors.green('clean')}: nothing found in ${runs}${limitText(records)}\n`
    case 'findings':
      return `${colors.red(found)} in ${runs}\n`
    case 'failed':
      return `${colors.red('failed')}: the program did not come to its end; ${found} in ${runs}\n`
  }
}

/** Clean says less where devices and caches are not seen. */
function limitText(records: readonly RunRecord[]): string {
  return records.some(isLinux) ? ' by what its calls tell; the simulated boards see more' : ''
}
