/** What of a board decides who sees which bytes. */
export interface Traits {
  /** What from-device does to the cache when memory is given to a device. */
  readonly fromDevice: 'clean' | 'invalidate'
  readonly edges: 'clean-invalidate' | 'invalidate'
  /** Every device looks into the cache, and so does nobody have to maintain it. */
  readonly coherent?: boolean | undefined
  /** The devices that reach memory only as bounce copies. */
  readonly bounced?: readonly string[] | undefined
  /** Every device is behind an IOMMU; an unmapped address faults at once, or after the next flush. */
  readonly iommu?: 'strict' | 'lazy' | undefined
}

/** The devices that look into the cache where the board is not coherent. */
const SNOOPING: readonly string[] = ['gpu', 'coherent-pseudo']

export function snoops(traits: Traits, device: string): boolean {
  return traits.coherent === true || SNOOPING.includes(device)
}

export function isBounced(traits: Traits, device: string): boolean {
  return traits.bounced?.includes(device) ?? false
}
