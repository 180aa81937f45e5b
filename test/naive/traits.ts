/** The properties of a board that decide which agent sees which bytes. */
export interface Traits {
  /** The cache operation of a from-device mapping when a device takes memory over. */
  readonly fromDevice: 'clean' | 'invalidate'
  readonly edges: 'clean-invalidate' | 'invalidate'
  /** Every device snoops, so no cache maintenance is needed. */
  readonly coherent?: boolean | undefined
  /** The devices that reach memory only as bounce copies. */
  readonly bounced?: readonly string[] | undefined
  /** Every device is behind an IOMMU; an unmapped address faults at once, or after the next flush. */
  readonly iommu?: 'strict' | 'lazy' | undefined
}

/** The devices that snoop on a board that is not coherent. */
const SNOOPING: readonly string[] = ['gpu', 'coherent-pseudo']

export function snoops(traits: Traits, device: string): boolean {
  return traits.coherent === true || SNOOPING.includes(device)
}

export function isBounced(traits: Traits, device: string): boolean {
  return traits.bounced?.includes(device) ?? false
}
