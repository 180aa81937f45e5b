/** The kernel's checks of a sync: check_sync in kernel/dma/debug.c of Linux 6.12. */
import type { DmaDirection, Range } from '../../../events/event.ts'
import type { MisuseCode } from '../../../events/misuse-code.ts'
import type { DmaMapping } from '../mapping.ts'
import { directionText, type Problem, placeText } from './problem.ts'

export interface SyncCall {
  readonly to: 'cpu' | 'device'
  readonly direction: DmaDirection
  /** Bytes of the mapping, as the caller says them. */
  readonly range: Range
  /** How many entries of the scatter list; undefined for a sync by address. */
  readonly entries: number | undefined
}

export function syncProblems(mapping: DmaMapping, call: SyncCall): Problem[] {
  const range = mapping.inBuffer(call.range)
  const against = mapping.mapped
  if (!mapping.live) {
    const size = call.range.end - call.range.start
    const text = `tries to sync DMA memory it has not allocated [${placeText(mapping)}] [size=${size} bytes]`
    return [{ code: 'sync-unknown', text, range, ...(mapping.failed ? {} : { against }) }]
  }
  const problems = rangeProblems(mapping, call)
  // A mapping in both directions may be synced in any.
  if (mapping.direction !== 'bidirectional') {
    problems.push(...directionProblems(mapping, call), ...entryProblems(mapping, call))
  }
  return problems.map((problem) => ({ ...problem, range, against }))
}

function rangeProblems(mapping: DmaMapping, { range }: SyncCall): Problem[] {
  const { size } = mapping
  if (range.start >= 0 && range.end <= size) return []
  const text =
    `syncs DMA memory outside allocated range [${placeText(mapping)}] [allocation size=${size} bytes] ` +
    `[sync offset+size=${range.start}+${range.end - range.start}]`
  return [{ code: 'sync-range', text }]
}

function directionProblems(mapping: DmaMapping, call: SyncCall): Problem[] {
  if (call.direction === mapping.direction) return []
  const directions =
    `[${placeText(mapping)}] [size=${mapping.size} bytes] [mapped with ${directionText(mapping.direction)}] ` +
    `[synced with ${directionText(call.direction)}]`
  const problem = (code: MisuseCode, what: string): Problem => ({
    code,
    text: `${what} ${directions}`,
  })
  const found = [problem('sync-direction', 'syncs DMA memory with different direction')]
  if (call.to === 'cpu' && mapping.direction === 'to-device') {
    found.push(problem('sync-read-only-for-cpu', 'syncs device read-only DMA memory for cpu'))
  }
  if (call.to === 'device' && mapping.direction === 'from-device') {
    found.push(
      problem('sync-write-only-for-device', 'syncs device write-only DMA memory to device'),
    )
  }
  return found
}

function entryProblems(mapping: DmaMapping, { entries }: SyncCall): Problem[] {
  const mapped = mapping.table.segments.length
  if (mapping.as !== 'sg' || entries === undefined || entries === mapped) return []
  const text =
    `syncs DMA sg list with different entry count [${placeText(mapping)}] ` +
    `[map count=${mapped}] [sync count=${entries}]`
  return [{ code: 'sync-entries', text }]
}
