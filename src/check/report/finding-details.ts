import type { Finding, SourcePlace } from '../finding.ts'

/** A line under a finding's headline. */
export interface FindingDetail {
  readonly label: 'because' | 'see also' | 'hardware' | 'fix'
  readonly text: string
  readonly place?: SourcePlace | undefined
  /** `place` as `file:line:column`. */
  readonly where?: string | undefined
}

/** What a report says under a finding's headline, in its order. */
export function findingDetails({ because, related, hardware, fix }: Finding): FindingDetail[] {
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
