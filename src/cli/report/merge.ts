/** The same mistake, seen in several runs, is one. */
import type { RunPlan } from '../runs/plan.ts'
import type {
  Failure,
  FoundFinding,
  FoundLint,
  FoundNote,
  Place,
  RunRecord,
} from '../runs/record.ts'

/** One distinct finding. */
export interface MergedFinding {
  /** As the run tells it whose bytes went wrong first, else as the first run does. */
  readonly finding: FoundFinding
  readonly seen: readonly RunPlan[]
  /** The runs whose own bytes came out wrong. */
  readonly wrong: readonly RunPlan[]
  /** The runs that show no harm though legal hardware could do it. */
  readonly hidden: readonly RunPlan[]
}

export interface Merged<T> {
  readonly item: T
  readonly seen: readonly RunPlan[]
}

interface Sighting<T> {
  readonly item: T
  readonly run: RunPlan
}

/** Distinct by rule and line, in the order in which the runs report them; errors before warnings. */
export function mergeFindings(records: readonly RunRecord[]): MergedFinding[] {
  const groups = grouped(
    records,
    ({ findings }) => findings,
    (finding) => `${finding.rule} ${lineOf(finding.place) ?? finding.message}`,
  )
  const merged = groups.map(mergedFinding)
  return [...merged.filter(isError), ...merged.filter((one) => !isError(one))]
}

export function mergeLints(records: readonly RunRecord[]): Merged<FoundLint>[] {
  const groups = grouped(
    records,
    ({ lints }) => lints,
    (lint) => `${lint.rule} ${lineOf(lint.place) ?? lint.message}`,
  )
  return groups.map(mergedItem)
}

export function mergeNotes(records: readonly RunRecord[]): Merged<FoundNote>[] {
  const groups = grouped(
    records,
    ({ notes }) => notes,
    (note) => `${note.driver} ${note.message}`,
  )
  return groups.map(mergedItem)
}

export function mergeFailures(records: readonly RunRecord[]): Merged<Failure>[] {
  const groups = grouped(
    records,
    ({ failure }) => (failure === undefined ? [] : [failure]),
    (failure) => `${failure.kind} ${lineOf(failure.place) ?? ''} ${failure.message}`,
  )
  return groups.map(mergedItem)
}

function grouped<T>(
  records: readonly RunRecord[],
  itemsOf: (record: RunRecord) => readonly T[],
  keyOf: (item: T) => string,
): Sighting<T>[][] {
  const groups = new Map<string, Sighting<T>[]>()
  for (const run of records) {
    for (const item of itemsOf(run)) {
      const key = keyOf(item)
      const group = groups.get(key) ?? []
      group.push({ item, run })
      groups.set(key, group)
    }
  }
  return [...groups.values()]
}

function mergedFinding(group: readonly Sighting<FoundFinding>[]): MergedFinding {
  const wrong = group.filter(({ item }) => item.wrongNow)
  const hidden = group.filter(({ item }) => item.hidden)
  const [best] = [...wrong, ...group]
  if (best === undefined) throw new Error('a group of sightings has at least one')
  return { finding: best.item, seen: runsOf(group), wrong: runsOf(wrong), hidden: runsOf(hidden) }
}

function mergedItem<T>(group: readonly Sighting<T>[]): Merged<T> {
  const [first] = group
  if (first === undefined) throw new Error('a group of sightings has at least one')
  return { item: first.item, seen: runsOf(group) }
}

/** A run once, also when it saw several that are one line's. */
function runsOf(group: readonly Sighting<unknown>[]): RunPlan[] {
  return [...new Set(group.map(({ run }) => run))]
}

function isError({ finding }: MergedFinding): boolean {
  return finding.severity === 'error'
}

function lineOf(place: Place | undefined): string | undefined {
  return place === undefined ? undefined : `${place.file}:${place.line}`
}
