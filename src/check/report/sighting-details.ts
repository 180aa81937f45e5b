import { type RunLabel, runsText } from './runs-text.ts'

/** Which runs saw a finding, and in which of them its bytes came out wrong. */
export interface Sightings {
  readonly seen: readonly RunLabel[]
  readonly wrong: readonly RunLabel[]
  readonly hidden: readonly RunLabel[]
}

export interface SightingDetail {
  readonly label: 'seen on' | 'wrong on' | 'hidden on' | 'replay'
  readonly text: string
}

/** The text about the runs of a finding, out of `all` runs. */
export function sightingDetails(
  { seen, wrong, hidden }: Sightings,
  all: readonly RunLabel[],
): SightingDetail[] {
  const judges = [...new Set(hidden.map(({ judgedAs }) => judgedAs))].join(', ')
  const wrongText = `${runsText(wrong, all)}: the bytes came out wrong`
  const hiddenText = `${runsText(hidden, all)}: the bytes came out right; on ${judges} hardware may get them wrong`
  const details: SightingDetail[] = [
    { label: 'seen on', text: runsText(seen, all) },
    { label: 'wrong on', text: wrong.length === 0 ? '' : wrongText },
    { label: 'hidden on', text: hidden.length === 0 ? '' : hiddenText },
    { label: 'replay', text: replayText(wrong[0] ?? seen[0]) },
  ]
  return details.filter(({ text }) => text !== '')
}

/** First come, first served: the choices of a run without options. */
const USUAL = '1.f'

/** The run to repeat, if its choices are not the usual ones. All other options stay as they were. */
function replayText(run: RunLabel | undefined): string {
  const { board, policy, schedule } = run ?? {}
  if (schedule === undefined || schedule === null || schedule === USUAL) return ''
  return `board ${board}, policy ${policy}, schedule ${schedule}`
}
