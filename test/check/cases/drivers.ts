/** Drivers of the user's against the contracts of the DMA API and the dma-buf core. */
import type { RuleId } from '../../../src/check/index.ts'
import type { MisuseCode } from '../../../src/events/misuse-code.ts'
import { MODEL } from '../story.ts'
import { bare, type Case } from './case.ts'

/** One code of each family: the twin is the same by a modelled driver, which is a note. */
const MISUSED: readonly (readonly [RuleId, MisuseCode, string])[] = [
  ['dma-api-misuse', 'unmap-size', 'dma_unmap_sgtable'],
  ['dma-api-misuse', 'map-error-unchecked', 'dma_map_single'],
  ['dma-api-misuse', 'segment-boundary', 'dma_map_sgtable'],
  ['dma-api-misuse', 'address-overflow', 'dma_map_sgtable'],
  ['dma-api-misuse', 'sync-range', 'dma_sync_single_for_cpu'],
  ['mapping-direction', 'sync-direction', 'dma_sync_sgtable_for_cpu'],
  ['mapping-leak', 'attachment-leak', 'dma_buf_put'],
  ['mapping-leak', 'vmap-leak', 'dma_buf_put'],
  ['early-publish', 'early-publish', 'dma_buf_fd'],
  ['reference-misuse', 'put-after-release', 'dma_buf_put'],
  ['reference-misuse', 'reference-leak', 'dma_buf_get'],
  ['use-after-release', 'use-after-release', 'dma_buf_attach'],
  ['driver-contract', 'operation-threw', 'map_dma_buf'],
  ['driver-contract', 'operation-returned', 'map_dma_buf'],
  ['driver-contract', 'export-info', 'dma_buf_export'],
  ['reservation-lock', 'lock-not-held', 'dma_buf_map_attachment'],
  ['reservation-lock', 'lock-held', 'dma_buf_attach'],
]

export const drivers: readonly Case[] = [
  ...MISUSED.map(
    ([rule, code, operation]): Case => ({
      rule,
      what: `${operation}: ${code}`,
      line: 103,
      ...bare((s, bad) => {
        s.buffer(1, 10, { line: 101 })
        s.misuse(code, { operation, line: 103, ...(bad ? {} : { driver: MODEL }) })
      }),
    }),
  ),
  {
    rule: 'dma-api-misuse',
    what: 'syncs what is not mapped, in no SYNC of the program',
    line: 103,
    ...bare((s, bad) => {
      s.buffer()
      s.dmaMap({ line: 102 })
      if (bad) s.misuse('sync-unknown', { operation: 'dma_sync_single_for_cpu', line: 103 })
      else s.sync('cpu', { line: 103 })
      s.done()
    }),
    others: ['fd-leak'],
  },
]
