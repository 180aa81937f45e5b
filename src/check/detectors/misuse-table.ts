/** The kernel's warnings by code, with the rule that each breaks and its text. */
import type { MisuseCode } from '../../events/misuse-code.ts'
import type { Severity } from '../finding.ts'
import type { RuleId } from '../rules/index.ts'

export interface MisuseInfo {
  readonly rule: RuleId
  /** Goes on after the operation's name. */
  readonly says: string
  /** Where it is not the rule's own. */
  readonly fix?: string | undefined
  readonly severity?: Severity | undefined
  /** The missing call. */
  readonly missing?: string | undefined
}

const misuseTable: Readonly<Record<MisuseCode, MisuseInfo>> = {
  'unmap-invalid': {
    rule: 'dma-api-misuse',
    says: 'frees an address that is DMA_MAPPING_ERROR',
    fix: 'Check dma_mapping_error after each map, and unmap only successful mappings.',
  },
  'unmap-unknown': {
    rule: 'dma-api-misuse',
    says: 'frees memory that is not mapped',
    fix: 'Unmap once, with the address that the map returned.',
  },
  'unmap-size': {
    rule: 'dma-api-misuse',
    says: 'frees with a size other than that of the map',
    fix: 'Pass the size of the map to the unmap.',
  },
  'unmap-function': {
    rule: 'dma-api-misuse',
    says: 'frees with the function for another kind of mapping',
    fix: 'Pair dma_map_single with dma_unmap_single, dma_map_sg with dma_unmap_sg, an allocation with its own free.',
  },
  'free-cpu-address': {
    rule: 'dma-api-misuse',
    says: 'frees with a CPU address other than that of the allocation',
    fix: 'Keep the CPU address and the DMA address of an allocation together.',
  },
  'unmap-entries': {
    rule: 'dma-api-misuse',
    says: 'frees with an entry count other than that of the map',
    fix: 'Pass to dma_unmap_sg the count that dma_map_sg was given (orig_nents), not the one it returned.',
  },
  'unmap-direction': {
    rule: 'mapping-direction',
    says: 'frees with a direction other than that of the map',
    fix: 'Pass the direction of the map to the unmap.',
  },
  'map-error-unchecked': {
    rule: 'dma-api-misuse',
    says: 'uses a mapping that was never checked for an error',
    fix: 'Call dma_mapping_error on the result of dma_map_single and dma_map_page.',
    missing: 'dma_mapping_error',
  },
  'map-stack': {
    rule: 'dma-api-misuse',
    says: 'maps stack memory',
    fix: 'Allocate the memory with kmalloc.',
  },
  'map-kernel-text': {
    rule: 'dma-api-misuse',
    says: 'maps memory in the kernel image',
    fix: 'Allocate the memory with kmalloc, and copy the data.',
  },
  'map-invalid-area': {
    rule: 'dma-api-misuse',
    says: 'maps memory outside the linear mapping',
    fix: 'Map pages (dma_map_page), or memory from kmalloc.',
  },
  'map-vmalloc': {
    rule: 'dma-api-misuse',
    says: 'maps vmalloc memory as if it were contiguous',
    fix: 'Map it page by page, or allocate it with kmalloc.',
  },
  'sync-unknown': {
    rule: 'dma-api-misuse',
    says: 'syncs memory that is not mapped',
    fix: 'Sync only between map and unmap, with the address of the map.',
  },
  'sync-range': {
    rule: 'dma-api-misuse',
    says: 'syncs bytes outside the mapping',
    fix: 'Keep offset and size of the sync within the mapping.',
  },
  'sync-direction': {
    rule: 'mapping-direction',
    says: 'syncs with a direction other than that of the map',
    fix: 'Pass the direction of the map to each sync.',
  },
  'sync-read-only-for-cpu': {
    rule: 'mapping-direction',
    says: 'syncs memory for the CPU that the device only reads',
  },
  'sync-write-only-for-device': {
    rule: 'mapping-direction',
    says: 'syncs memory for the device that the device only writes',
  },
  'sync-entries': {
    rule: 'dma-api-misuse',
    says: 'syncs with an entry count other than that of the map',
    fix: 'Pass the count that dma_map_sg was given (orig_nents).',
  },
  'segment-too-long': {
    rule: 'dma-api-misuse',
    says: "maps a segment above the device's maximum segment size",
    fix: "Set the device's limit with dma_set_max_seg_size, and build the sg table within it.",
  },
  'segment-boundary': {
    rule: 'dma-api-misuse',
    says: "maps a segment across the device's segment boundary",
    fix: 'Set dma_set_seg_boundary, and build the sg table within it.',
  },
  'overlapping-lines': {
    rule: 'shared-line',
    says: 'maps a cache line that is already mapped',
  },
  'too-many-overlaps': {
    rule: 'dma-api-misuse',
    says: 'maps a cache line more often than can be counted',
    fix: 'Map memory once and reuse the mapping.',
  },
  'mapping-leak': {
    rule: 'mapping-leak',
    says: 'leaves mappings behind',
    fix: 'Unmap the mappings of map_dma_buf in unmap_dma_buf, and those made since probe in remove.',
    missing: 'dma_unmap_sgtable',
  },
  'mask-unset': {
    rule: 'dma-api-misuse',
    says: 'maps for a device without a DMA mask',
    fix: 'Call dma_set_mask_and_coherent in probe.',
  },
  'address-overflow': {
    rule: 'dma-api-misuse',
    says: 'maps memory that the device cannot address',
    fix: "Allocate below the mask (GFP_DMA32), or set the device's real mask.",
  },
  'export-info': {
    rule: 'driver-contract',
    says: 'is given inconsistent operations or data',
    fix: 'Give dma_buf_export map_dma_buf, unmap_dma_buf, release and private data, pin only together with unpin.',
  },
  'attach-arguments': {
    rule: 'driver-contract',
    says: 'is given inconsistent arguments',
    fix: 'Give a dynamic importer its move_notify.',
  },
  'detach-mismatch': {
    rule: 'reference-misuse',
    says: 'detaches an attachment that is not on the buffer',
    fix: 'Keep buffer and attachment together, and detach once.',
  },
  'attachment-leak': {
    rule: 'mapping-leak',
    says: 'leaves an attachment behind',
    fix: 'Detach before the last reference is dropped.',
    missing: 'dma_buf_detach',
  },
  'attachment-mapping-leak': {
    rule: 'mapping-leak',
    says: 'leaves a mapping behind',
    fix: 'Unmap the attachment before it is detached.',
    missing: 'dma_buf_unmap_attachment',
  },
  'attachment-unmap-direction': {
    rule: 'mapping-direction',
    says: 'unmaps with a direction other than that of the map',
    fix: 'Pass the direction of dma_buf_map_attachment to dma_buf_unmap_attachment: exporters pass it to dma_unmap_sgtable.',
  },
  'lock-not-held': {
    rule: 'reservation-lock',
    says: 'is called without the reservation lock',
    missing: 'dma_resv_lock',
  },
  'lock-held': {
    rule: 'reservation-lock',
    says: 'is called with the reservation lock held, which it may acquire itself',
  },
  'pin-static': {
    rule: 'driver-contract',
    says: 'pins a buffer whose attachment is not dynamic',
    fix: 'Pin only attachments of dma_buf_dynamic_attach.',
  },
  'vunmap-unbalanced': {
    rule: 'driver-contract',
    says: 'ends a kernel mapping that does not exist',
    fix: 'Pair each vmap with one vunmap.',
  },
  'vmap-leak': {
    rule: 'mapping-leak',
    says: 'leaves a kernel mapping behind',
    fix: 'Call dma_buf_vunmap before the last reference is dropped.',
    missing: 'dma_buf_vunmap',
  },
  'put-after-release': {
    rule: 'reference-misuse',
    says: 'releases an object that was already released',
    fix: 'Release each object once: a successful dma_buf_fd takes over the reference, and the release operation frees the exported memory.',
  },
  'use-after-release': {
    rule: 'use-after-release',
    says: 'uses an object that was released',
    fix: 'Hold a reference (get_dma_buf) for as long as the buffer is used; free memory after its last use.',
  },
  'reference-leak': {
    rule: 'reference-misuse',
    says: 'leaks a reference',
    fix: 'Call dma_buf_put on each path, error paths included.',
    severity: 'warning',
    missing: 'dma_buf_put',
  },
  'memory-leak': {
    rule: 'reference-misuse',
    says: 'leaks memory',
    fix: 'Free allocations in release or in remove, on error paths too.',
    severity: 'warning',
    missing: 'kfree, or __free_pages,',
  },
  'early-publish': {
    rule: 'early-publish',
    says: 'uses a buffer whose descriptor user space has already',
  },
  'operation-threw': {
    rule: 'driver-contract',
    says: 'threw an exception that is not an errno',
    fix: 'Fail with a KernelError, which becomes the errno of the call.',
  },
  'operation-returned': {
    rule: 'driver-contract',
    says: 'returned a value that its contract does not allow',
  },
  'operation-pending': {
    rule: 'driver-contract',
    says: 'never returned',
    fix: "Settle the promise on every path: nothing else ends the caller's wait.",
  },
}

/** The text for a code of a newer version, which a recorded trace may hold. */
const UNKNOWN: MisuseInfo = {
  rule: 'driver-contract',
  says: 'breaks a contract that this version of the checker does not know',
  fix: 'Update dmabuf to the version that recorded the events, and check them again.',
}

/** The text for `code`. */
export function misuseOf(code: MisuseCode): MisuseInfo {
  return Object.hasOwn(misuseTable, code) ? misuseTable[code] : UNKNOWN
}
