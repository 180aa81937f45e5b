/** `dmabuf run --watch`: once more whenever the program changes. */
import { exitCode } from '../exit-code.ts'
import { FileStamps, filesBeside } from '../file-stamps.ts'
import { Interrupted } from '../interruption.ts'
import { isProgramName } from '../program-file.ts'
import { isForPrograms, reportChoice } from '../reporters.ts'
import { print, printAside } from '../terminal/print.ts'
import { countText } from '../terminal/style.ts'
import { UsageError } from '../usage-error.ts'
import { run } from './run.ts'
import type { RunFlags } from './run-request.ts'

/** Clears a terminal and puts the cursor at its top; the scrollback stays. */
const CLEAR = '\u001b[2J\u001b[H'

/**
 * May sleep, until `signal` aborts with `Interrupted`: returns the exit code of that. Where no file of a
 * program was found, there is nothing to watch, and the exit code of the run is returned.
 */
export async function watch(file: string, flags: RunFlags, signal: AbortSignal): Promise<number> {
  if (isForPrograms(reportChoice(flags))) {
    throw new UsageError(
      '--watch prints a report after the other, which no program could read',
      'Write the report to a file: add --output FILE.',
    )
  }
  let known: readonly string[] = []
  for (;;) {
    const stamps = new FileStamps()
    const begun = performance.now()
    const code = await run(file, flags, signal, (files) => stamps.add(files))
    if (signal.aborted) return code
    // A file that is gone for now comes back where it was.
    stamps.add(stamps.files.length === 0 ? known : [])
    known = stamps.files
    if (known.length === 0) return code
    await printAside(`${ranText(performance.now() - begun)}; ${waitsText(known)}\n`)
    try {
      await changeOf(stamps, code, signal)
    } catch (error) {
      if (error instanceof Interrupted) return error.code
      throw error
    }
    if (process.stdout.isTTY) await print(CLEAR)
  }
}

/** May sleep. A program that failed may want a file that is not there yet. */
async function changeOf(stamps: FileStamps, code: number, signal: AbortSignal): Promise<void> {
  if (code !== exitCode.failed) return await stamps.change(signal)
  const beside = new FileStamps()
  const programs = (): string[] => filesBeside(stamps.files, isProgramName)
  beside.add(programs())
  const seen = new Set(beside.files)
  await stamps.change(signal, () => beside.isChanged() || programs().some((one) => !seen.has(one)))
}

function ranText(milliseconds: number): string {
  const time = new Date().toLocaleTimeString('en-GB')
  return `ran at ${time} in ${(milliseconds / 1000).toFixed(1)} s`
}

function waitsText(files: readonly string[]): string {
  return `waiting for a change of ${countText(files.length, 'file')} (Ctrl-C ends)`
}
