import type { Ledger } from './ledger.ts'

/** Told at the exit: what they hold, and whether a descriptor is open. */
interface Watched {
  readonly ledger: Ledger
  isOpen(fd: number): boolean
}

const watched = new Set<Watched>()

/** The lines about everything that was forgotten; empty where nothing was. Never sleeps. */
export function forgotten(entries: Iterable<Watched>): string[] {
  return [...entries].flatMap(({ ledger, isOpen }) => ledger.report(isOpen))
}

/**
 * Writes to stderr, when the process ends by itself, which descriptors and mappings of `entry` were
 * not given back, and where the program made them. Returns what takes this back. Never sleeps.
 */
export function reportAtExit(entry: Watched): () => void {
  if (watched.size === 0) process.once('exit', report)
  watched.add(entry)
  return () => {
    watched.delete(entry)
    if (watched.size === 0) process.off('exit', report)
  }
}

function report(): void {
  const lines = forgotten(watched)
  if (lines.length === 0) return
  const text = lines.map((line) => `  ${line}\n`).join('')
  process.stderr.write(`dmabuf: leaked when the process ended:\n${text}`)
}
