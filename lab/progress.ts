import { readFileSync, statSync } from 'node:fs'

/** Ticks of a second in /proc/PID/stat, which is the same on every Linux. */
const TICKS = 100
/** Milliseconds between two looks. */
const LOOK = 1000
/** An idle machine uses next to no processor time: so many times the limit it may wait for something. */
const IDLE = 5

/** The signs of a machine's progress. */
export interface Signs {
  /** The emulator. */
  readonly pid: number
  /** Files that grow or are rewritten while it makes progress. */
  readonly files: readonly string[]
}

/**
 * Calls `onStuck` when the machine has shown no progress for `limit` seconds of its own processor time, or
 * five times as many of the clock: on a busy host the clock runs on while the machine cannot. Returns a function
 * that stops watching, and one that notes progress seen elsewhere.
 */
export function watchProgress(
  { pid, files }: Signs,
  limit: number,
  onStuck: (why: string) => void,
): { readonly stop: () => void; readonly note: () => void } {
  let seen = ''
  let since = { clock: 0, processor: 0 }
  const note = (): void => {
    since = { clock: performance.now() / 1000, processor: processorSeconds(pid) }
  }
  const look = (): void => {
    const signs = files.map(signOf).join()
    if (signs !== seen) note()
    seen = signs
    const processor = processorSeconds(pid) - since.processor
    const clock = performance.now() / 1000 - since.clock
    if (processor >= limit) onStuck(`no progress in ${limit} s of processor time`)
    else if (clock >= limit * IDLE) onStuck(`idle, with no progress in ${limit * IDLE} s`)
  }
  note()
  const timer = setInterval(look, LOOK)
  return { note, stop: () => clearInterval(timer) }
}

function signOf(file: string): string {
  const stats = statSync(file, { throwIfNoEntry: false })
  return stats === undefined ? '' : `${stats.size} ${stats.mtimeMs}`
}

/** Seconds of processor time of `pid`, with its threads; the last value after it has ended. */
function processorSeconds(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name before may hold blanks: utime and stime are the 12th and 13th word behind it.
    const words = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(words[11]) + Number(words[12])) / TICKS
  } catch {
    return 0
  }
}
