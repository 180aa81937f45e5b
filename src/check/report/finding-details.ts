import type { Finding, RelatedPlace, SourcePlace } from '../finding.ts'

/** A line under a finding's headline. */
export interface FindingDetail {
  readonly label: 'because' | 'see also' | 'hardware' | 'fix'
  readonly text: string
  readonly place?: SourcePlace | undefined
  /** `place` as `file:line:column`. */
  readonly where?: string | undefined
}

/** The parts of a finding that its details come from. */
export interface DetailedFinding extends Pick<Finding, 'hardware' | 'fix' | 'where'> {
  readonly because: Pick<Finding['because'], 'text' | 'place' | 'where'>
  readonly related: readonly Pick<RelatedPlace, 'label' | 'place' | 'where'>[]
}

/** The lines under a finding's headline, in order. A place that stands there already is not repeated. */
export function findingDetails({
  where: headline,
  because,
  related,
  hardware,
  fix,
}: DetailedFinding): FindingDetail[] {
  const cause = because.where === headline ? {} : { place: because.place, where: because.where }
  const shown = new Set([headline, because.where])
  return [
    { label: 'because', text: because.text, ...cause },
    ...related
      .filter(({ place, where }) => place !== undefined && !shown.has(where))
      .map(({ label, place, where }) => ({
        label: 'see also' as const,
        text: label,
        place,
        where,
      })),
    { label: 'hardware', text: hardware },
    { label: 'fix', text: fix },
  ]
}
