/**
 * Resources that a removed driver has forgotten: reported under its name, with the line that took
 * them, and released.
 */
import type { EventOrigin } from '../events/event.ts'
import type { Bound } from './bound.ts'

/** Attachments, references, and mappings that its operations made and did not take back. */
export function releaseUses(bound: Bound): void {
  const { host, ledger, driver } = bound
  for (const [attachment, origin] of ledger.leftAttachments) {
    const { id, device, buffer } = attachment
    const text = `attachment ${id} of ${device} to buffer ${buffer.inode} was never detached`
    tell(
      bound,
      { code: 'attachment-leak', operation: 'dma_buf_attach', text, origin },
      buffer.inode,
    )
    host.core.endAttachment(attachment)
  }
  for (const [buffer, { count, origin }] of ledger.leftReferences) {
    const text = `${count} of ${driver.name}'s references to buffer ${buffer.inode} were never dropped`
    const what = { code: 'reference-leak', operation: 'dma_buf_put', text, origin } as const
    if (!buffer.released) tell(bound, what, buffer.inode)
    for (let left = count; left > 0 && !buffer.released; left--) host.core.put(buffer, driver)
  }
  for (const [mapping, { attachment, origin }] of ledger.leftMappings) {
    if (bound.devices.has(mapping.device)) continue
    // A mapping that the importer never unmapped was reported when it detached.
    if (attachment?.mappings.has(mapping) !== true) {
      const { id, device, buffer } = mapping
      const whose = attachment === undefined ? device : `attachment ${attachment.id} of ${device}`
      const text = `mapping ${id} for ${whose} was never unmapped by ${driver.name}`
      const what = { operation: 'dma_map_sgtable', text, mapping: id, origin }
      tell(bound, { code: 'mapping-leak', ...what }, buffer)
    }
    host.dma.unmap(mapping)
  }
}

/** Unbinds the driver's devices: mappings that are left are reported and unmapped. */
export function unbindDevices({ devices, host: { dma } }: Bound): void {
  for (const device of devices) {
    const left = dma.mappingsOf(device)
    dma.removeDevice(device)
    for (const mapping of left) dma.unmap(mapping)
  }
}

/** Memory: when no buffer can be made of it any more. */
export function releaseMemory(bound: Bound): void {
  for (const [memory, origin] of bound.ledger.leftMemory) {
    const { id, size, what } = memory
    const text = `${size} bytes of ${what} of ${bound.driver.name} were never freed`
    tell(bound, { code: 'memory-leak', operation: 'remove', text, origin }, id)
    memory.free()
  }
}

function tell(
  bound: Bound,
  what: {
    code: 'attachment-leak' | 'reference-leak' | 'mapping-leak' | 'memory-leak'
    operation: string
    text: string
    mapping?: number
    origin: EventOrigin | undefined
  },
  buffer: number,
): void {
  bound.misuse({ ...what, buffer })
}
