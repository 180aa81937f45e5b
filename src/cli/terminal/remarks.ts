/** Lints and notes, which never change the verdict. */
import { mergeLints, mergeNotes } from '../../check/report/merge.ts'
import { runsText } from '../../check/report/runs-text.ts'
import type { RuleId } from '../../check/rules/index.ts'
import type { RunRecord } from '../runs/record.ts'
import { placeText, type Style } from './style.ts'

/** One line each. Empty if there are none. `withNotes` includes notes about drivers. */
export function remarksText(
  records: readonly RunRecord[],
  withNotes: boolean,
  { colors }: Style,
): string {
  const lints = mergeLints(records).map(({ item, seen }) => {
    const where = item.place === undefined ? '' : ` (${placeText(item.place)})`
    const head = colors.cyan(`hint[${item.rule}]`)
    return `${head} ${item.message.replace(/\.$/, '')}${where}. ${item.fix} Seen on: ${runsText(seen, records)}.\n`
  })
  const notes = mergeNotes(records)
    .filter(({ item }) => withNotes || item.about === 'run')
    .map(({ item }) => `${colors.dim(`note[${item.driver}]`)} ${item.message}\n`)
  return [...lints, ...notes, ...uncheckedTexts(records)].join('')
}

/** Rules that some run could not decide. Without this list their silence would look like a verdict. */
function uncheckedTexts(records: readonly RunRecord[]): string[] {
  return [
    rulesText('not checked', records, ({ rulesNotCheckable }) => rulesNotCheckable),
    rulesText('checked in part', records, ({ rulesPartlyCheckable }) => rulesPartlyCheckable),
  ]
}

function rulesText(
  how: string,
  records: readonly RunRecord[],
  rulesOf: (record: RunRecord) => readonly RuleId[],
): string {
  const rules = new Set(records.flatMap(rulesOf))
  if (rules.size === 0) return ''
  const runs = records.filter((record) => rulesOf(record).length > 0)
  return `${how} on ${runsText(runs, records)}: ${[...rules].join(', ')}\n`
}
