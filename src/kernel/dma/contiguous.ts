import type { DmaMapping } from './mapping.ts'

/**
 * How many bytes of a mapping, from its start, the device finds at addresses that follow each other. An
 * engine without a scatter list uses no more than these. Source: vb2_dc_get_contiguous_size in
 * videobuf2-dma-contig.c and drm_prime_get_contiguous_size in drm_prime.c of Linux 6.12.
 */
export function contiguousSize({ segments }: DmaMapping): number {
  let size = 0
  for (const { address, length } of segments) {
    if (address !== (segments[0]?.address ?? 0) + size) break
    size += length
  }
  return size
}
