import type { Finding, RelatedPlace, SourcePlace } from '../finding.ts'

/** A line under a finding's headline. */
export interface FindingDetail {
  readonly label: 'because' | 'see also' | 'hardware' | 'fix'
  readonly text: string
  readonly place?: SourcePlace | undefined
  /** `place` as `file:line:column`. */
  readonly where?: string | undefined
}

/** What of a finding its details come from. */
export interface DetailedFinding extends Pick<Finding, 'hardware' | 'fix'> {
  readonly because: Pick<Finding['because'], 'text' | 'place' | 'where'>
  readonly related: readonly Pick<RelatedPlace, 'label' | 'place' | 'where'>[]
}

/** What a report says under a finding's headline, in its order. */
export function findingDetails({
  because,
  related,
  hardware,
  fix,
}: DetailedFinding): FindingDetail[] {
  return [
    { label: 'because', text: because.text, place: because.place, where: because.where },
    ...related
      .filter(({ place }) => place !== undefined)
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
