import type { Ledger } from './ledger.ts'

/** Read at the exit: the ledger, and whether a descriptor is open. */
interface Watched {
  readonly ledger: Ledger
  isOpen(fd: number): boolean
}

const watched = new Set<Watched>()

/** One line for each leak; empty if there is none. */
export function forgotten(entries: Iterable<Watched>): string[] {
  return [...entries].flatMap(({ ledger, isOpen }) => ledger.report(isOpen))
}

/**
 * When the process ends by itself, writes to stderr the descriptors and mappings of `entry` that are still
 * open, and the lines that made them. Returns a function that cancels the report.
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
