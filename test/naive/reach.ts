/**
 * Whether a device's access arrives, through a mapping that may be dead.
 *
 * `nowhere`: it faults, and is neither a read nor a store in program order on any machine.
 * `perhaps`: a lazy IOMMU has unmapped it and not flushed yet. Such an access breaks the protocol by
 * itself, and its bytes are outside the contract: reads are not judged, and a cell that it may have stored is
 * judged again after the next store.
 * `anywhere`: a dead bounce copy, or an address that was freed, may have another owner by now.
 * Such steps are left out, on both machines.
 */
import type { NaiveMapping } from './dma.ts'
import type { Traits } from './traits.ts'

export type Reach = 'there' | 'nowhere' | 'perhaps' | 'anywhere'

export function reachOf(traits: Traits, mapping: NaiveMapping, access: 'read' | 'write'): Reach {
  if (traits.iommu === undefined) {
    return mapping.live || mapping.bounce === undefined ? 'there' : 'anywhere'
  }
  if (mapping.addressReused) return 'anywhere'
  const forbidden = access === 'read' ? 'from-device' : 'to-device'
  if (mapping.flushed || mapping.direction === forbidden) return 'nowhere'
  return mapping.live ? 'there' : 'perhaps'
}
