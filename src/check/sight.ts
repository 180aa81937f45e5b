/** How much of each rule can be seen where only the calls of a program are, as on a real kernel. */
import type { RuleId } from './rule-id.ts'

/**
 * What a checker is shown. `everything`: what the simulated kernel tells, devices and caches included.
 * `calls`: what the program's calls tell by themselves.
 */
export type Shown = 'everything' | 'calls'

/** `part`: some ways to break the rule are seen, others not. */
export type Sight = 'whole' | 'part' | 'none'

/**
 * By the calls alone. What a device or a cache line holds, who has mapped what for which device, and
 * what drivers do is not seen.
 */
const ofCalls: Readonly<Record<RuleId, Sight>> = {
  // Arrays held without any CPU access, exact loads of captured frames; not what other devices stored.
  'read-outside-bracket': 'part',
  // Exact stores; stores through arrays are found by nobody.
  'write-outside-bracket': 'part',
  'unbalanced-bracket': 'whole',
  // Flags, and exact accesses that they do not announce; not those through arrays.
  'bracket-direction': 'part',
  // Not what a device did meanwhile.
  'sync-result-ignored': 'part',
  'bracket-not-awaited': 'whole',
  'call-not-awaited': 'whole',
  // The queues of video devices; not when a display reads.
  'bracket-over-dma': 'part',
  'dirty-over-dma': 'none',
  'early-invalidate': 'none',
  'uncovered-mapping': 'none',
  // Stores in a CPU access; not what a device misses or what the copy lacks, nor arrays of such mappings.
  'private-copy': 'part',
  'shared-line': 'none',
  'attribute-alias': 'none',
  'bounce-not-synced': 'none',
  'sync-is-noop': 'none',
  'mapping-direction': 'none',
  'unsafe-skip-hint': 'none',
  'dma-api-misuse': 'none',
  'partial-write-over-stale': 'none',
  'unsynced-handoff': 'none',
  'early-reuse': 'none',
  'missing-wait': 'none',
  'fd-misuse': 'whole',
  // Descriptors; not a buffer that something else keeps.
  'fd-leak': 'part',
  'early-publish': 'none',
  'map-leak': 'whole',
  'mapping-leak': 'none',
  'freed-in-use': 'none',
  'backing-mismatch': 'none',
  // Exact accesses, and arrays that throw; not stores through arrays that ended.
  'use-after-release': 'part',
  'handle-alias': 'whole',
  'reference-misuse': 'none',
  'driver-contract': 'none',
  // The CPU's accesses; not a device's.
  'out-of-range': 'part',
  // Mappings that have grown; not those that could.
  'growable-mapping': 'part',
  'reservation-lock': 'none',
  // One access inside another; not a SYNC though no device has stored.
  'redundant-sync': 'part',
  'whole-buffer-sync': 'none',
  // How memory is mapped, no call says.
  'uncached-read': 'none',
  'bracket-order': 'whole',
  'never-written': 'none',
  'never-read': 'none',
}

/** The rules that are seen so, with what a checker is shown. Never sleeps. */
export function rulesSeen(sight: Sight, shown: Shown): RuleId[] {
  if (shown === 'everything') return sight === 'whole' ? (Object.keys(ofCalls) as RuleId[]) : []
  return (Object.keys(ofCalls) as RuleId[]).filter((rule) => ofCalls[rule] === sight)
}
