/** One mistake seen in several runs is one finding. */
import type { Finding, Lint, Note, SourcePlace } from '../finding.ts'
import type { Failure } from './failure.ts'

/** A run, as far as merging looks at it. */
export interface MergeableRun {
  readonly findings: readonly Finding[]
  readonly lints: readonly Lint[]
  readonly notes: readonly Note[]
}

/** One distinct finding. */
export interface MergedFinding<Run, Found = Finding> {
  /** As reported by the first run whose own bytes came out wrong, else by the first run. */
  readonly finding: Found
  readonly seen: readonly Run[]
  /** The runs whose own bytes came out wrong. */
  readonly wrong: readonly Run[]
  /** The runs that show no harm though legal hardware could do it. */
  readonly hidden: readonly Run[]
}

export interface Merged<T, Run> {
  readonly item: T
  readonly seen: readonly Run[]
}

interface Sighting<T, Run> {
  readonly item: T
  readonly run: Run
}

/** Distinct by rule and line, in the order in which the runs report them; errors before warnings. */
export function mergeFindings<Run extends MergeableRun>(
  runs: readonly Run[],
): MergedFinding<Run>[] {
  return distinctFindings<Finding, Run>(
    runs,
    (finding) => `${finding.rule} ${lineOf(finding.place) ?? finding.message}`,
  )
}

/** As `mergeFindings`, of findings in any form; those that are one mistake have one key. */
export function distinctFindings<
  Found extends Pick<Finding, 'severity' | 'wrongNow' | 'hidden'>,
  Run extends { readonly findings: readonly Found[] },
>(runs: readonly Run[], keyOf: (finding: Found) => string): MergedFinding<Run, Found>[] {
  const merged = grouped(runs, ({ findings }) => findings, keyOf).map(mergedFinding)
  return [...merged.filter(isError), ...merged.filter((one) => !isError(one))]
}

/** The things of all runs that differ by their key, each with the runs that have it. */
export function distinct<T, Run>(
  runs: readonly Run[],
  itemsOf: (run: Run) => readonly T[],
  keyOf: (item: T) => string,
): Merged<T, Run>[] {
  return grouped(runs, itemsOf, keyOf).map(mergedItem)
}

export function mergeLints<Run extends MergeableRun>(runs: readonly Run[]): Merged<Lint, Run>[] {
  return distinct(
    runs,
    ({ lints }) => lints,
    (lint) => `${lint.rule} ${lineOf(lint.place) ?? lint.message}`,
  )
}

export function mergeNotes<Run extends MergeableRun>(runs: readonly Run[]): Merged<Note, Run>[] {
  return distinct(
    runs,
    ({ notes }) => notes,
    (note) => `${note.driver} ${note.message}`,
  )
}

export function mergeFailures<Run>(
  runs: readonly Run[],
  failureOf: (run: Run) => Failure | undefined,
): Merged<Failure, Run>[] {
  return distinct(
    runs,
    (run) => [failureOf(run)].filter((failure) => failure !== undefined),
    (failure) => `${failure.kind} ${lineOf(failure.place) ?? ''} ${failure.message}`,
  )
}

function grouped<T, Run>(
  runs: readonly Run[],
  itemsOf: (run: Run) => readonly T[],
  keyOf: (item: T) => string,
): Sighting<T, Run>[][] {
  const groups = new Map<string, Sighting<T, Run>[]>()
  for (const run of runs) {
    for (const item of itemsOf(run)) {
      const key = keyOf(item)
      const group = groups.get(key) ?? []
      group.push({ item, run })
      groups.set(key, group)
    }
  }
  return [...groups.values()]
}

function mergedFinding<Run, Found extends Pick<Finding, 'wrongNow' | 'hidden'>>(
  group: readonly Sighting<Found, Run>[],
): MergedFinding<Run, Found> {
  const wrong = group.filter(({ item }) => item.wrongNow)
  const hidden = group.filter(({ item }) => item.hidden)
  const [best] = [...wrong, ...group]
  if (best === undefined) throw new Error('a group of sightings has at least one')
  return { finding: best.item, seen: runsOf(group), wrong: runsOf(wrong), hidden: runsOf(hidden) }
}

function mergedItem<T, Run>(group: readonly Sighting<T, Run>[]): Merged<T, Run> {
  const [first] = group
  if (first === undefined) throw new Error('a group of sightings has at least one')
  return { item: first.item, seen: runsOf(group) }
}

/** Each run once, also when it saw several that share a line. */
function runsOf<Run>(group: readonly Sighting<unknown, Run>[]): Run[] {
  return [...new Set(group.map(({ run }) => run))]
}

function isError({ finding }: MergedFinding<unknown, Pick<Finding, 'severity'>>): boolean {
  return finding.severity === 'error'
}

function lineOf(place: SourcePlace | undefined): string | undefined {
  return place === undefined ? undefined : `${place.file}:${place.line}`
}
