/** CPU accesses of drivers: the rules are those of programs, the calls that mend them are the kernel's. */
import type { Agent } from '../events/event.ts'
import type { RuleId } from './rule-id.ts'

const BEGIN = 'dma_buf_begin_cpu_access'
const END = 'dma_buf_end_cpu_access'

const fixes: Readonly<Partial<Record<RuleId, string>>> = {
  'read-outside-bracket': `Call ${BEGIN} with DMA_FROM_DEVICE before the loads, and ${END} with the same direction after them.`,
  'write-outside-bracket': `Call ${BEGIN} with DMA_BIDIRECTIONAL before the stores, and ${END} with the same direction after them; DMA_TO_DEVICE suffices if every byte is replaced.`,
  'unbalanced-bracket': `Pair each ${BEGIN} with one ${END} of the same direction, on error paths too.`,
  'bracket-direction': `Pass ${BEGIN} and ${END} a direction that covers the accesses between them: DMA_BIDIRECTIONAL for loads and stores.`,
  'bracket-over-dma': `Call ${END} before the device starts, and ${BEGIN} only after it has finished.`,
  'dirty-over-dma': `Call ${END} with DMA_TO_DEVICE or DMA_BIDIRECTIONAL after the last store and before the device starts.`,
  'early-invalidate': `Wait for the device to finish, then call ${BEGIN}.`,
  'bracket-order': `Call ${END} first, then dma_buf_vunmap.`,
  'partial-write-over-stale': `Call ${BEGIN} and ${END} with DMA_BIDIRECTIONAL, or store every byte of the buffer.`,
}

/** The way out of a mistake against `rule` that a driver made; undefined for a program's. */
export function driverFix(rule: RuleId, agent: Agent | undefined): string | undefined {
  return agent?.kind === 'kernel' ? fixes[rule] : undefined
}
