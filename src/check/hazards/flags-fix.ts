/** The fix for a CPU access whose flags do not cover its loads or stores. */
import type { Bracket } from '../model/bracket.ts'

/** Of stores in an access for reading. */
export function fixForStores(bracket: Bracket): string | undefined {
  return programFix(
    bracket,
    "Begin the access with 'read-write'; 'write' alone suffices only if every byte of the buffer is replaced.",
  )
}

/** Of loads in an access for writing. */
export function fixForLoads(bracket: Bracket): string | undefined {
  return programFix(bracket, "Begin the access with 'read-write'.")
}

/** A driver's access is begun with another call. */
function programFix({ start }: Bracket, fix: string): string | undefined {
  return start.agent.kind === 'kernel' ? undefined : fix
}
