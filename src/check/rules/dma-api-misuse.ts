import type { Rule } from './rule.ts'

export const dmaApiMisuse: Rule<'dma-api-misuse'> = {
  id: 'dma-api-misuse',
  group: 'C16',
  severity: 'error',
  claim:
    'A driver passes the DMA API the same values that it returned, within the limits of the device.',
  hardware:
    'An unmap with different values frees an unrelated mapping or a part of one; a segment over the limit makes the device write elsewhere. DMA-API debugging only warns.',
  fix: 'Keep address, length, direction and entry count of each mapping together, check dma_mapping_error, and set the masks and segment limits before the first map.',
  byCalls: 'none',
}
